/* tools/ocf-obt/person.h - questions to the person, one after the other. */
#pragma once

#include "input.h"

/* Somebody waits for a line. Keep it in place until it is answered or withdrawn. */
struct question {
	void (*show)(void *arg);                     /* prints what is asked, on standard error */
	void (*answer)(void *arg, const char *line); /* NULL: there will be none */
	void *arg;
	bool is_pin;
	struct question *next;
	bool waiting;
};

struct person {
	struct input in, pin_file;
	bool has_pin_file;
	struct question *queue; /* the first is being asked */
};

/* `pin_file` NULL: PINs come from standard input, too. -errno of opening it. */
MUST_USE int person_init(struct person *p, struct loop *loop, const char *pin_file);
void person_done(struct person *p); /* wipes; needs the loop */
/* answer() follows, at once if the line is there already. */
void person_ask(struct person *p, struct question *q);
/* answer() will not be called; the next line is for another question, or for none. Nothing for a
 * question that does not wait. */
void person_withdraw(struct person *p, struct question *q);

/* "yes" or "y". */
bool person_agrees(const char *line);
