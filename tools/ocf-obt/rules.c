/* ocf-obt allow, forbid and rules: who may do what on a device. */
#include "converge.h"

/* The words of the command line from the second on. */
static const char *parse_words(const struct options *o, struct state *state, struct rule *ret)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT(RULE_TEXT_MAX);
	const struct rule_names names = {.find = state_find_name, .arg = state};

	for (size_t i = 1; i < o->n_args; i++)
		buf_printf(&text, "%s%s", i > 1 ? " " : "", o->args[i]);
	if (!buf_ok(&text))
		return "the rule is too long";
	return rule_parse(buf_span(&text), &names, ret);
}

static struct jsn *rules_json(const struct goal *goal)
{
	struct jsn *list = jsn_new_array();

	for (size_t i = 0; i < goal->n_rules; i++) {
		struct buf text CLEANUP(buf_done) = BUF_INIT(RULE_TEXT_MAX);

		rule_format(&goal->rules[i], &text);
		jsn_add(list, jsn_new_text(buf_span(&text)));
	}
	return list;
}

static enum outcome print_rules(const struct dialog *d, const struct goal *goal)
{
	struct jsn *v;

	if (d->o->json) {
		v = jsn_new_object();
		out_set_uuid(v, "uuid", &d->dev.device);
		jsn_set_str(v, "name", d->dev.name);
		jsn_set(v, "rules", rules_json(goal));
		return out_json(v);
	}
	for (size_t i = 0; i < goal->n_rules; i++) {
		struct buf text CLEANUP(buf_done) = BUF_INIT(RULE_TEXT_MAX + 1);

		rule_format(&goal->rules[i], &text);
		buf_put_byte(&text, '\0');
		if (buf_ok(&text))
			out_text(stdout, (const char *)text.ptr);
		(void)printf("\n");
	}
	return OUT_OK;
}

/* Brought about first, and kept only then. */
static enum outcome change(struct dialog *d, struct goal *goal)
{
	struct converge c = {0};
	int r = converge_read(&c, d, goal);

	if (r >= 0)
		r = converge_run(&c);
	if (r >= 0) {
		r = state_put_goal(d->state, &d->dev.device, goal);
		if (r < 0)
			trouble_set(&d->trouble, OUT_STATE, "the goal cannot be written: %s",
				    strerror(-r));
	}
	converge_done(&c);
	return r < 0 ? out_trouble(d->o->json, &d->trouble) : print_rules(d, goal);
}

enum { ALLOW, FORBID, RULES };

static enum outcome run(struct dialog *d, int verb)
{
	struct goal *goal CLEANUP(goal_freep) = NULL;
	const struct options *o = d->o;
	struct rule rule = {0};
	const char *why;
	int r = state_goal(d->state, &d->dev.device, &goal);

	if (r < 0)
		return out_fail(o->json, OUT_STATE, "its goal cannot be read: %s", strerror(-r));
	if (verb == RULES)
		return print_rules(d, goal);
	why = parse_words(o, d->state, &rule);
	if (why)
		return out_fail(o->json, OUT_USAGE, "%s", why);
	if (verb == ALLOW && !goal_add_rule(goal, &rule))
		return out_fail(o->json, OUT_FAILED, "a device takes %zu rules", GOAL_RULES_MAX);
	if (verb == FORBID && !goal_drop_rule(goal, &rule))
		return out_fail(o->json, OUT_NOT_FOUND, "there is no such rule: see rules");
	return change(d, goal);
}

enum outcome cmd_allow(const struct options *o)
{
	return dialog_run(o, run, ALLOW);
}

enum outcome cmd_forbid(const struct options *o)
{
	return dialog_run(o, run, FORBID);
}

enum outcome cmd_rules(const struct options *o)
{
	return dialog_run(o, run, RULES);
}
