/* tools/ocf-obt/job.h - does one task of lib/obt to one device, on the loop. */
#pragma once

#include "reach.h"

/* Zero it, set the first part, and keep it in place until `done`. */
struct job {
	struct net *net;
	struct state *state;
	enum obt_task task;
	struct obt_params params;
	char name[ANSWER_NAME_MAX + 1];   /* of the device */
	struct endpoint_addr coap, coaps; /* OBT_OWN* */
	const struct record_device *dev;  /* OBT_PROVISION, OBT_RESET; copied by job_start() */
	bool separate;                    /* OBT_OWN*: a service each for credentials and access */
	uint64_t timeout_us;              /* of a search for it */
	uint64_t deadline_us;             /* for what the device does, persons not counted */

	/* The person's yes and PIN; answered by job_go_on(), job_pin() or job_refuse(). */
	void (*approve)(void *arg);
	void (*pin)(void *arg);
	void (*chain)(void *arg, const char *text); /* NULL: needs nobody's word */
	void (*step)(void *arg, const char *step);  /* begins */
	void (*done)(void *arg);                    /* `trouble.outcome` tells how it ended */
	void *arg;

	struct trouble trouble;
	uint64_t elapsed_us; /* from the yes, or the PIN, to the last answer */

	struct obt obt;
	struct record_device record;
	struct link link; /* the onboarding connection */
	struct reach reach;
	struct secret pin_key, cms_key, ams_key;
	struct loop_timer *timer;
	uint64_t start_us, call;
	const char *shown;
	enum outcome connect_outcome; /* why there is no session */
	bool over;
};

/* Is this the taking of a device, not work on one that is ours? */
static inline bool job_owns(const struct job *j)
{
	return j->task == OBT_OWN || j->task == OBT_OWN_AND_PROVISION;
}

void job_start(struct job *j);
void job_go_on(struct job *j);
/* 4 to 32 characters, as displays of deployed devices show them. */
void job_pin(struct job *j, struct span pin);
void job_refuse(struct job *j, enum outcome outcome, const char *why);
/* Cleans up at once what an interrupted job would leave behind; wipes its keys. */
void job_end(struct job *j);
