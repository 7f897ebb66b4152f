/* daemons/ocf-secd/date.h - the wall clock, as far as it can be believed. Gateways start without
 * the date: until somebody keeps the clock right, the time is only known not to be before the
 * program's own file and the last time that was believed. */
#pragma once

#include "plain.h"
#include "svr/svr.h"

enum date_trust { DATE_AUTO, DATE_YES, DATE_NO }; /* AUTO: as the kernel says */

struct date {
	enum date_trust trust;
	struct store *store; /* borrowed */
	uint64_t bound_us;   /* it is not before this */
	uint64_t saved_us;   /* `bound_us` as stored */
	bool confirmed;      /* the record may take its newest format */
	struct plain record;
	bool believed;    /* at the last look, */
	uint64_t look_us; /* of this CLOCK_MONOTONIC */
};

/* Reads what has been stored. -ENOTSUP: of a newer format; -errno of the store. */
MUST_USE int date_start(struct date *d, struct store *store, enum date_trust trust);
/* The rule alone: what a clock that says `real_us` is worth. */
struct svr_wall date_judge(struct date *d, uint64_t real_us, bool believed);
/* The time now; stores a believed one each hour. */
struct svr_wall date_now(struct date *d, uint64_t now_us);
/* Stores the last believed time: at the end. */
void date_save(struct date *d);
