/* daemons/ocf-secd/broker.h - resources of other programs, between bus, device and endpoint. */
#pragma once

#include "svr/ncr.h"

struct broker;
struct bus;

struct broker_ops {
	/* What observers see may have changed. */
	void (*changed)(void *arg);
	/* The program has answered: the request of this ticket is to be asked again, at once. */
	void (*ready)(void *arg, uint64_t ticket);
};

/* Offers org.ocfgw.Resources1. `ops` and `arg` are borrowed for life. -ENOMEM. */
MUST_USE int broker_new(struct broker **ret, struct bus *bus, const struct broker_ops *ops,
			void *arg);
struct broker *broker_free(struct broker *b); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct broker *, broker_free)

const struct ncrs *broker_ncrs(const struct broker *b); /* borrowed for life */

/* Has the program of `ncr` asked, which the device has granted. V_LATER: ready() follows; else why
 * not. */
enum verdict broker_ask(struct broker *b, const struct ncr *ncr, const struct req *req);
/* Inside ready(), after the device has granted the request again: the program's part of the answer.
 */
void broker_answer(const struct broker *b, const struct req *req, struct answer *answer);
