/* lib/bus/ask.h - single questions to other services of the machine; nothing blocks. */
#pragma once

#include "base/mem.h"

struct bus;

struct bus_ask; /* a question under way */

/* Not answered any more: fn is not called. Accepts NULL, returns NULL; may be called by fn. */
struct bus_ask *bus_ask_free(struct bus_ask *q);
DEFINE_CLEANUP(struct bus_ask *, bus_ask_free)

/* Each asks once and calls fn once, later. -ENOTCONN: there is no bus. -ENOMEM, -EINVAL. */

/* ActiveState of a unit of systemd, and since when (CLOCK_MONOTONIC) it is active. `state` NULL:
 * systemd did not answer; it is borrowed during the call. */
typedef void (*bus_unit_fn)(void *arg, const char *state, uint64_t since_us);
MUST_USE int bus_ask_unit(struct bus_ask **ret, struct bus *b, const char *unit, bus_unit_fn fn,
			  void *arg);

enum bus_selftest { BUS_SELFTEST_ABSENT, BUS_SELFTEST_BAD, BUS_SELFTEST_GOOD };
/* Has ocf-secd connect to itself as its owner would; starts it if it is enabled. ABSENT: it is
 * not there. `text` for people. */
typedef void (*bus_selftest_fn)(void *arg, enum bus_selftest result, const char *text);
MUST_USE int bus_ask_selftest(struct bus_ask **ret, struct bus *b, bus_selftest_fn fn, void *arg);

/* Who holds up a reboot, with "block" for "shutdown" at logind: `who` and `why`, empty if nobody
 * does, NULL if logind did not answer. */
typedef void (*bus_inhibitor_fn)(void *arg, const char *who, const char *why);
MUST_USE int bus_ask_inhibitors(struct bus_ask **ret, struct bus *b, bus_inhibitor_fn fn,
				void *arg);

/* Reboots through logind. `error` NULL: it has begun. */
typedef void (*bus_reboot_fn)(void *arg, const char *error);
MUST_USE int bus_ask_reboot(struct bus_ask **ret, struct bus *b, bus_reboot_fn fn, void *arg);
