#include "person.h"

#include <string.h>

int person_init(struct person *p, struct loop *loop, const char *pin_file)
{
	*p = (struct person){0};
	input_init(&p->in, loop, STDIN_FILENO);
	p->has_pin_file = pin_file && strcmp(pin_file, "-") != 0;
	return p->has_pin_file ? input_open(&p->pin_file, loop, pin_file) : 0;
}

void person_done(struct person *p)
{
	input_done(&p->in);
	if (p->has_pin_file)
		input_done(&p->pin_file);
}

static void ask_first(struct person *p);

static void on_line(void *arg, const char *line)
{
	struct person *p = arg;
	struct question *q = p->queue;

	if (!q) /* withdrawn: the line was meant for nobody else */
		return;
	p->queue = q->next;
	q->waiting = false;
	q->answer(q->arg, line);
	ask_first(p);
}

static void ask_first(struct person *p)
{
	struct question *q = p->queue;
	struct input *from;

	if (!q)
		return;
	from = q->is_pin && p->has_pin_file ? &p->pin_file : &p->in;
	q->show(q->arg);
	/* A line may be awaited already, for a question that was withdrawn. */
	if (!from->fn && input_line(from, on_line, p) < 0)
		on_line(p, NULL);
}

void person_ask(struct person *p, struct question *q)
{
	struct question **at = &p->queue;
	bool first = !p->queue;

	while (*at)
		at = &(*at)->next;
	*at = q;
	q->next = NULL;
	q->waiting = true;
	if (first)
		ask_first(p);
}

void person_withdraw(struct person *p, struct question *q)
{
	bool first = p->queue == q;

	for (struct question **at = &p->queue; *at; at = &(*at)->next)
		if (*at == q) {
			*at = q->next;
			q->waiting = false;
			break;
		}
	if (first)
		ask_first(p);
}

bool person_agrees(const char *line)
{
	return line && (strcmp(line, "yes") == 0 || strcmp(line, "y") == 0);
}
