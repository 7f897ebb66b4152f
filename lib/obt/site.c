#include "obt/site.h"

#include <stdio.h>

static const struct jsn_limits LIMITS = {.bytes = SITE_OCTETS_MAX, .depth = 6};

static int wrong(char *ret_why, size_t device, const char *what)
{
	(void)snprintf(ret_why, SITE_WHY_MAX, "devices[%zu]: %s", device, what);
	return -EINVAL;
}

static bool is_list_of_text(const struct jsn *v)
{
	if (jsn_type(v) != JSN_ARRAY)
		return false;
	for (size_t i = 0; i < jsn_len(v); i++)
		if (jsn_type(jsn_at(v, i)) != JSN_TEXT)
			return false;
	return true;
}

/* NULL, or what is wrong with the member. */
static const char *read_member(struct site_device *d, struct span name, const struct jsn *v)
{
	const struct jsn **list = span_is(name, "rules")   ? &d->rules
				  : span_is(name, "pairs") ? &d->pairs
				  : span_is(name, "roles") ? &d->roles
							   : NULL;

	if (list) {
		*list = v;
		return is_list_of_text(v) ? NULL : "rules, pairs and roles are lists of text";
	}
	if (span_is(name, "device"))
		return jsn_type(v) == JSN_TEXT && jsn_text(v).len > 0 &&
				       span_to_str(jsn_text(v), d->device, sizeof(d->device)) == 0
			       ? NULL
			       : "device is a UUID or a name";
	if (!span_is(name, "identity"))
		return "a member that is not device, rules, pairs, identity or roles";
	d->identity = jsn_bool(v);
	return jsn_type(v) == JSN_BOOL ? NULL : "identity is true or false";
}

static int read_device(struct site *s, const struct jsn *v, char *ret_why)
{
	struct site_device *d = &s->devices[s->n];

	if (jsn_type(v) != JSN_OBJECT)
		return wrong(ret_why, s->n, "not an object");
	for (size_t i = 0; i < jsn_len(v); i++) {
		struct span name;
		const struct jsn *member = jsn_member(v, i, &name);
		const char *why = read_member(d, name, member);

		if (why)
			return wrong(ret_why, s->n, why);
	}
	if (!*d->device)
		return wrong(ret_why, s->n, "device is missing");
	if (jsn_len(d->roles) > 0 && !d->identity)
		return wrong(ret_why, s->n, "roles need an identity");
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->devices[i].device, d->device) == 0)
			return wrong(ret_why, s->n, "this device is there twice");
	s->n++;
	return 0;
}

static int read_site(struct site *s, char *ret_why)
{
	const struct jsn *list = jsn_get(s->json, "devices");
	size_t n = jsn_len(list);
	int r = 0;

	(void)snprintf(ret_why, SITE_WHY_MAX, "a site is {\"site\": text, \"devices\": [...]}");
	if (jsn_type(s->json) != JSN_OBJECT || jsn_type(list) != JSN_ARRAY || n > SITE_DEVICES_MAX)
		return -EINVAL;
	for (size_t i = 0; i < jsn_len(s->json); i++) {
		struct span name;
		const struct jsn *v = jsn_member(s->json, i, &name);

		if (!span_is(name, "devices") &&
		    !(span_is(name, "site") && jsn_type(v) == JSN_TEXT))
			return -EINVAL;
	}
	s->devices = calloc(n + 1, sizeof(struct site_device));
	if (!s->devices)
		return -ENOMEM;
	for (size_t i = 0; i < n && r >= 0; i++)
		r = read_device(s, jsn_at(list, i), ret_why);
	return r;
}

int site_parse(struct span text, struct site *ret, char ret_why[SITE_WHY_MAX])
{
	struct site s = {0};
	int r = -EINVAL;

	if (jsn_parse(text, &LIMITS, &s.json) == JSN_OK)
		r = read_site(&s, ret_why);
	else
		(void)snprintf(ret_why, SITE_WHY_MAX, "not JSON, a member twice, or too deep");
	if (r < 0)
		site_done(&s);
	else
		*ret = s;
	return r;
}

void site_done(struct site *s)
{
	(void)jsn_free(s->json);
	free(s->devices);
	*s = (struct site){0};
}

const char *site_fill(const struct site_device *d, const struct rule_names *names,
		      struct goal *goal)
{
	for (size_t i = 0; i < jsn_len(d->rules); i++) {
		struct rule rule;
		const char *why = rule_parse(jsn_text(jsn_at(d->rules, i)), names, &rule);

		if (!why && !goal_add_rule(goal, &rule))
			why = "too many rules";
		if (why)
			return why;
	}
	goal->identity = d->identity;
	goal->n_roles = 0;
	for (size_t i = 0; i < jsn_len(d->roles); i++) {
		struct span authority = jsn_text(jsn_at(d->roles, i));
		struct span name = span_cut(&authority, '@');
		struct goal_role role = {.name = ""};

		if (goal->n_roles == GOAL_ROLES_MAX || name.len == 0 ||
		    span_to_str(name, role.name, sizeof(role.name)) < 0 ||
		    span_to_str(authority, role.authority, sizeof(role.authority)) < 0)
			return "roles are at most 8, each NAME or NAME@AUTHORITY";
		goal->roles[goal->n_roles++] = role;
	}
	return NULL;
}
