/* tools/ocf-obt/dialog.h - question and answer with one device of ours, in the order of the code.
 *
 * Each service that has a key of its own has its own session, opened when it is first needed. A
 * function that fails returns a negative errno and leaves the reason in `trouble`. */
#pragma once

#include "options.h"
#include "reach.h"

struct dialog {
	const struct options *o;
	struct state *state;
	struct record_device dev; /* a copy */
	struct trouble trouble;
	struct buf body; /* of the last answer */
	unsigned code;   /* its code, 205 */
	struct dialog_way {
		struct dialog *dialog;
		struct net net;
		struct reach reach;
		bool in_use, open, settled, reached;
		uint64_t call;
	} ways[OBT_SERVICES];
};

/* `state` and `o` are borrowed. Sends nothing yet. */
void dialog_init(struct dialog *d, const struct options *o, struct state *state,
		 const struct record_device *dev);
void dialog_done(struct dialog *d); /* closes the sessions, wipes */
/* Closes the sessions; the next request opens new ones. */
void dialog_hang_up(struct dialog *d);

struct request {
	enum obt_service as;
	enum method method;
	const char *path, *query; /* query NULL: none */
	struct span body;
};
/* 0 for 2.xx. -EREMOTEIO: another code, in `code`. -ETIMEDOUT, -ECONNRESET, -EINTR; else as the
 * session could not be opened. */
MUST_USE int dialog_request(struct dialog *d, const struct request *r);
MUST_USE int dialog_get(struct dialog *d, enum obt_service as, const char *path);
MUST_USE int dialog_post(struct dialog *d, enum obt_service as, const char *path,
			 const struct buf *body);
/* After a request of the owner: if it was refused for want of a rule, the trouble says which one.
 */
void dialog_explain_access(struct dialog *d, const char *what, const char *path);
/* Nothing for so long; sessions stay alive. */
MUST_USE int dialog_wait(struct dialog *d, uint64_t for_us);
/* UPDATE of pstat.dos.s, by the owner. */
MUST_USE int dialog_state(struct dialog *d, unsigned state);

/* UPDATE of cred, by the CMS: a pairwise key; `credid` 0: a new entry, else in place of that one.
 */
MUST_USE int dialog_post_key(struct dialog *d, const struct uuid *subject, const struct secret *key,
			     uint32_t credid);

/* The device's record by name; tells what is wrong. */
MUST_USE int dialog_open(struct dialog *d, const struct options *o, struct state **ret_state,
			 const char *device);
/* A command about the device that its first argument names. */
enum outcome dialog_run(const struct options *o, enum outcome (*run)(struct dialog *d, int verb),
			int verb);
