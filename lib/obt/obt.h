/* lib/obt/obt.h - what an onboarding tool does to a device, step by step (CR 2935, CR 2868).
 *
 * A table of steps and an engine over it, without I/O, clock or randomness. The driver asks
 * obt_next() what to do, does it, and reports with obt_reply() (after OBT_CALL) or obt_acted()
 * (after anything else), until OBT_DONE or OBT_FAILED. After a failure the engine goes on to hand
 * out what cleans up: undo over the open session, forget the key, close.
 *
 *	obt_start(&o, OBT_OWN, &params);
 *	while (obt_next(&o, &turn), turn.act != OBT_DONE && turn.act != OBT_FAILED)
 *		...
 *	obt_end(&o);
 */
#pragma once

#include "base/buf.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "obt/answer.h"

/* Owner transfer methods. Stored in records: new ones at the end. */
enum obt_method { OBT_JUST_WORKS, OBT_RANDOM_PIN, OBT_MFG_CERT, OBT_FIXED_PIN, OBT_METHODS };
#define OBT_METHOD_BIT(m) (1u << (m))

/* Their value in doxm.oxms; the fixed PIN is a vendor's method of ours, 0xFF00. */
uint16_t obt_method_oxm(enum obt_method m);
MUST_USE bool obt_method_of(uint16_t oxm, enum obt_method *ret);
/* "just-works", "random-pin", "manufacturer-certificate", "fixed-pin". */
const char *obt_method_name(enum obt_method m);
MUST_USE bool obt_method_parse(struct span name, enum obt_method *ret);
/* The label of the owner credential's derivation, "oic.sec.doxm.jw" ... (CR 2868). */
const char *obt_method_label(enum obt_method m);
/* The strongest method that the device offers and `usable` (OBT_METHOD_BITs) holds: a certificate
 * before a PIN of the day before one on the label before Just Works. False: there is none. */
MUST_USE bool obt_method_choose(const struct answer_doxm *doxm, unsigned usable,
				enum obt_method *ret);

/* A version 4 UUID without a zero octet, so that it survives as a C-string PSK hint. `random`
 * fills its argument and cannot fail. */
void obt_uuid_new(void (*random)(void *ret, size_t len), struct uuid *ret);

/* What is to be done. Values are bits: a step names the tasks that it belongs to. */
enum obt_task {
	OBT_OWN = 1,               /* transfer of ownership, up to RFPRO */
	OBT_OWN_AND_PROVISION = 2, /* the same and on to RFNOP in the same session */
	OBT_PROVISION = 4,         /* an owned device to RFNOP, over the owner's session */
	OBT_RESET = 8,             /* an owned device back to its maker's state */
};

struct obt_params {
	struct uuid obt;      /* we: owner, and resource owner of doxm and pstat */
	struct uuid cms, ams; /* resource owners of cred and acl2 */
	/* OBT_OWN*: their own keys, explicit. NULL: `obt` is all three. Borrowed until obt_end. */
	const struct secret *cms_key, *ams_key;
	struct uuid device;  /* its deviceuuid as of discovery or of our record */
	struct uuid renamed; /* OBT_OWN*: the deviceuuid it gets (CR 2935 step 9) */
	struct uuid domain;  /* security domain, /oic/sec/sdi */
	const char *domain_name;
	enum obt_method method; /* OBT_OWN* */
	bool has_sdi;           /* OBT_PROVISION: the device took the domain when it was owned */
};

enum obt_act {
	OBT_APPROVE,    /* ask the person */
	OBT_PIN,        /* get the PIN that the device displays */
	OBT_CONNECT,    /* open the onboarding connection; OBT_PROVISION, OBT_RESET: the owner's */
	OBT_SHOW_CHAIN, /* let the person see the verified chain of the device, and agree */
	OBT_CALL,       /* send a request */
	OBT_KEEP_KEY,   /* derive the owner credential for `renamed` and store it durably */
	OBT_FORGET_KEY, /* remove it */
	OBT_CLOSE,      /* end the session */
	OBT_DONE,
	OBT_FAILED, /* see obt.failure */
};

enum obt_verb { OBT_GET, OBT_POST, OBT_DELETE };

struct obt_turn {
	enum obt_act act;
	const char *step; /* a stable name, "select-method" */
	/* OBT_CALL */
	bool secured; /* over the session; else to the device's unsecured endpoint */
	enum obt_verb verb;
	const char *path;
	struct span body; /* borrowed until the report */
};

struct obt_reply {
	int err;       /* 0; -ETIMEDOUT: no answer; other: the session or the network is gone */
	unsigned code; /* 204 for 2.04 */
	struct span body;
};

enum obt_cause {
	OBT_CAUSE_NONE,
	OBT_CAUSE_REFUSED,  /* the device answered 4.xx or 5.xx */
	OBT_CAUSE_SILENT,   /* no answer in time */
	OBT_CAUSE_LOST,     /* the session or the network broke */
	OBT_CAUSE_BAD,      /* an answer we cannot read */
	OBT_CAUSE_MISMATCH, /* a readable answer that says something else than agreed */
	OBT_CAUSE_LOCAL,    /* declined, or our own failure: what obt_acted() was told */
};

struct obt_failure {
	const char *step;
	enum obt_cause cause;
	unsigned code;   /* OBT_CAUSE_REFUSED */
	const char *why; /* NULL unless BAD, MISMATCH or LOCAL; borrowed from who said it */
};

struct obt_step;

/* Read-only for the driver. */
struct obt {
	enum obt_task task;
	struct obt_params params;
	struct obt_failure failure; /* cause is OBT_CAUSE_NONE while all is well */
	bool has_sdi;               /* the device took our domain */
	bool key_kept; /* after OBT_FAILED: left in place, since the device may be owned by it */

	const struct obt_step *at; /* the step handed out last, or about to be */
	bool waiting;              /* for the report on it */
	bool connected;
	bool committing; /* RFPRO was asked for: what happens now may outlive the session */
	bool undone;
	struct buf body;
};

/* `params` is copied, domain_name borrowed until obt_end. */
void obt_start(struct obt *o, enum obt_task task, const struct obt_params *params);
/* The next thing to do; the same one again until it is reported. */
void obt_next(struct obt *o, struct obt_turn *ret);
void obt_reply(struct obt *o, const struct obt_reply *reply);
/* `failure`: NULL if it was done, else text that says what went wrong, borrowed until obt_end. */
void obt_acted(struct obt *o, const char *failure);
/* Gives up now, at whatever step (deadline, signal, lost session); no report is awaited any more.
 * Ignored once it has failed. */
void obt_abort(struct obt *o, enum obt_cause cause, const char *why);
void obt_end(struct obt *o);
