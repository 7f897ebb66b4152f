#include "boot_custom.h"

#include <stdio.h>

#include "base/parse.h"

struct custom {
	struct boot boot; /* the first member */
	const struct bootenv *env;
	bool has_try;
	struct runner *runner;
	size_t script;
	struct runner_result result;
};

static struct custom *custom_of(struct boot *b)
{
	return (struct custom *)(void *)b;
}

static void custom_free(struct boot *b)
{
	free(custom_of(b));
}

/* *ret_word is the first line that it printed, borrowed until the next run. */
static int run(struct custom *c, const char *const *args, struct span *ret_word)
{
	const struct runner_call call = {.program = c->script, .args = args, .fd = -1};
	struct span rest;
	int r = runner_run(c->runner, &call, -1, &c->result);

	if (r < 0) {
		proto_text(c->boot.why, sizeof(c->boot.why), c->result.text);
		return r;
	}
	rest = span_of(c->result.output, c->result.len);
	*ret_word = span_cut(&rest, '\n');
	return 0;
}

#define RUN(c, ret, ...) run(c, (const char *const[]){__VA_ARGS__, NULL}, ret)

static int unknown(struct custom *c, const char *verb)
{
	(void)snprintf(c->boot.why, sizeof(c->boot.why), "%s: an answer that means nothing", verb);
	return -EBADMSG;
}

static int read_state(struct custom *c, int slot, struct boot_slot *ret)
{
	struct span word;
	int r = RUN(c, &word, "get-state", c->env->names[slot]);

	if (r < 0)
		return r;
	*ret = (struct boot_slot){.good = span_is(word, "good")};
	if (ret->good || span_is(word, "bad"))
		return 0;
	if (span_is(span_cut(&word, ' '), "try") && parse_u32(word, &ret->left))
		return 0;
	return unknown(c, "get-state");
}

static int custom_read(struct boot *b, struct boot_vars *ret)
{
	struct custom *c = custom_of(b);
	struct boot_vars v = {.primary = BOOT_NO_SLOT};
	struct span word;
	int r = RUN(c, &word, "get-primary");

	if (r < 0)
		return r;
	for (int slot = 0; slot < BOOT_SLOTS && r == 0; slot++)
		if (span_is(word, c->env->names[slot]))
			v.primary = slot;
	for (int slot = 0; slot < BOOT_SLOTS && r == 0; slot++)
		r = read_state(c, slot, &v.slot[slot]);
	if (r == 0 && v.primary == BOOT_NO_SLOT)
		r = unknown(c, "get-primary");
	if (r == 0)
		*ret = v;
	return r;
}

/* The plan that gives a slot some starts and makes it primary. */
static bool is_try(const struct boot_plan *p)
{
	return p->n == 2 && p->writes[1].is_primary && !p->writes[0].state.good &&
	       p->writes[0].state.left > 0;
}

static int custom_write(struct boot *b, const struct boot_plan *p)
{
	struct custom *c = custom_of(b);
	struct span word;
	char left[16];
	int r = 0;

	if (c->has_try && is_try(p)) {
		(void)snprintf(left, sizeof(left), "%u", p->writes[0].state.left);
		return RUN(c, &word, "try", c->env->names[p->writes[0].slot], left);
	}
	for (size_t i = 0; i < p->n && r == 0; i++) {
		const struct boot_write *w = &p->writes[i];
		const char *name = c->env->names[w->slot];

		if (w->is_primary)
			r = RUN(c, &word, "set-primary", name);
		else
			r = RUN(c, &word, "set-state", name,
				w->state.good || w->state.left > 0 ? "good" : "bad");
	}
	return r;
}

static const struct boot_ops CUSTOM = {
	.free = custom_free,
	.read = custom_read,
	.write = custom_write,
};

int boot_custom_new(struct boot **ret, const struct bootenv *env, bool has_try, struct runner *r,
		    size_t script)
{
	struct custom *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	*c = (struct custom){
		.boot = {.ops = &CUSTOM, .hides_starts = !has_try},
		.env = env,
		.has_try = has_try,
		.runner = r,
		.script = script
        };
	*ret = &c->boot;
	return 0;
}
