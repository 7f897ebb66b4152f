#include "obt/goal.h"

#include "codec/cbw.h"

#define FORMAT 1

static const struct cbr_limits LIMITS = {
	.bytes = GOAL_OCTETS_MAX, .depth = 3, .items = 2048, .text = RULE_TEXT_MAX};

struct goal *goal_new(void)
{
	return calloc(1, sizeof(struct goal));
}

struct goal *goal_free(struct goal *g)
{
	if (!g)
		return NULL;
	explicit_bzero(g->pairs, sizeof(g->pairs));
	free(g);
	return NULL;
}

static void add_path(struct rule *r, const char *path)
{
	(void)!span_to_str(span_str(path), r->resources[r->n_resources++],
			   sizeof(r->resources[0])); /* constants that fit */
}

void goal_add_defaults(struct goal *g, const struct uuid *dots, const struct uuid *cms,
		       bool has_sdi)
{
	struct rule sp = {.who = RULE_DEVICE, .device = *dots, .permission = 14};
	struct rule csr = {.who = RULE_DEVICE, .device = *cms, .permission = 2};
	struct rule open = {.who = RULE_ANYONE, .permission = 2};

	add_path(&sp, "/oic/sec/sp");
	add_path(&csr, "/oic/sec/csr");
	add_path(&open, "/oic/d");
	add_path(&open, "/oic/p");
	add_path(&open, "/oic/res");
	if (has_sdi)
		add_path(&open, "/oic/sec/sdi");
	(void)!(goal_add_rule(g, &sp) && goal_add_rule(g, &csr) && goal_add_rule(g, &open));
}

bool goal_add_rule(struct goal *g, const struct rule *rule)
{
	for (size_t i = 0; i < g->n_rules; i++)
		if (rule_equal(&g->rules[i], rule))
			return true;
	if (g->n_rules == GOAL_RULES_MAX)
		return false;
	g->rules[g->n_rules++] = *rule;
	return true;
}

bool goal_drop_rule(struct goal *g, const struct rule *rule)
{
	for (size_t i = 0; i < g->n_rules; i++) {
		if (!rule_equal(&g->rules[i], rule))
			continue;
		memmove(&g->rules[i], &g->rules[i + 1], (g->n_rules - i - 1) * sizeof(g->rules[0]));
		g->n_rules--;
		return true;
	}
	return false;
}

static size_t pair_at(const struct goal *g, const struct uuid *peer)
{
	size_t i = 0;

	while (i < g->n_pairs && !uuid_eq(&g->pairs[i].peer, peer))
		i++;
	return i;
}

bool goal_add_pair(struct goal *g, const struct uuid *peer, const struct secret *key)
{
	size_t i = pair_at(g, peer);

	if (i == GOAL_PAIRS_MAX)
		return false;
	g->pairs[i] = (struct goal_pair){.peer = *peer, .key = *key};
	if (i == g->n_pairs)
		g->n_pairs++;
	return true;
}

bool goal_drop_pair(struct goal *g, const struct uuid *peer)
{
	size_t i = pair_at(g, peer);

	if (i == g->n_pairs)
		return false;
	g->pairs[i] = g->pairs[--g->n_pairs];
	secret_wipe(&g->pairs[g->n_pairs].key);
	return true;
}

const struct goal_pair *goal_find_pair(const struct goal *g, const struct uuid *peer)
{
	size_t i = pair_at(g, peer);

	return i < g->n_pairs ? &g->pairs[i] : NULL;
}

/* ---- the stored form ---- */

void goal_write(const struct goal *g, struct buf *out)
{
	cbw_map(out);
	cbw_kv_uint(out, "format", FORMAT);
	cbw_str(out, "rules");
	cbw_array(out);
	for (size_t i = 0; i < g->n_rules; i++) {
		struct buf text CLEANUP(buf_done) = BUF_INIT(RULE_TEXT_MAX);

		rule_format(&g->rules[i], &text);
		out->failed |= !buf_ok(&text);
		cbw_text(out, buf_span(&text));
	}
	cbw_end(out);
	cbw_str(out, "pairs");
	cbw_array(out);
	for (size_t i = 0; i < g->n_pairs; i++) {
		cbw_map(out);
		cbw_kv_uuid(out, "peer", &g->pairs[i].peer);
		cbw_str(out, "key");
		cbw_bytes(out, secret_span(&g->pairs[i].key));
		cbw_end(out);
	}
	cbw_end(out);
	cbw_kv_bool(out, "identity", g->identity);
	cbw_str(out, "roles");
	cbw_array(out);
	for (size_t i = 0; i < g->n_roles; i++) {
		cbw_map(out);
		cbw_kv_str(out, "name", g->roles[i].name);
		cbw_kv_str(out, "authority", g->roles[i].authority);
		cbw_end(out);
	}
	cbw_end(out);
	cbw_end(out);
}

static void read_rules(struct cbr *c, struct goal *g)
{
	cbr_array(c);
	while (cbr_more(c)) {
		struct rule rule;
		const char *why = rule_parse(cbr_text(c), NULL, &rule);

		if (why || !goal_add_rule(g, &rule))
			cbr_fail(c, CBR_VALUE);
	}
}

static void read_pair(struct cbr *c, struct goal *g)
{
	struct secret key CLEANUP(secret_wipe) = {0};
	struct uuid peer = {{0}};
	unsigned seen = 0;
	struct span name;

	cbr_map(c);
	while (cbr_next(c, &name)) {
		if (cbr_member(c, name, "peer", &seen, 1)) {
			peer = cbr_uuid(c);
		} else if (cbr_member(c, name, "key", &seen, 2)) {
			if (!secret_set(&key, cbr_bytes(c)))
				cbr_fail(c, CBR_VALUE);
		} else {
			cbr_fail(c, CBR_VALUE);
		}
	}
	if (seen != 3 || key.len == 0 || !goal_add_pair(g, &peer, &key))
		cbr_fail(c, CBR_VALUE);
}

static void read_role(struct cbr *c, struct goal *g)
{
	struct goal_role role = {0};
	unsigned seen = 0;
	struct span name;

	cbr_map(c);
	while (cbr_next(c, &name)) {
		bool is_name = span_is(name, "name");

		cbr_once(c, &seen, is_name ? 1 : 2);
		if ((!is_name && !span_is(name, "authority")) ||
		    span_to_str(cbr_text(c), is_name ? role.name : role.authority,
				sizeof(role.name)) < 0)
			cbr_fail(c, CBR_VALUE);
	}
	if (seen != 3 || !*role.name || g->n_roles == GOAL_ROLES_MAX)
		cbr_fail(c, CBR_VALUE);
	else
		g->roles[g->n_roles++] = role;
}

static void read_list(struct cbr *c, struct goal *g, void (*read)(struct cbr *, struct goal *))
{
	cbr_array(c);
	while (cbr_more(c))
		read(c, g);
}

enum cbr_err goal_parse(struct span octets, struct goal **ret)
{
	enum { FMT = 1, RULES = 2, PAIRS = 4, IDENTITY = 8, ROLES = 16, EVERYTHING = 31 };
	struct goal *g CLEANUP(goal_freep) = goal_new();
	unsigned seen = 0;
	struct span key;
	enum cbr_err err;
	struct cbr c;

	if (!g)
		return CBR_LIMIT;
	cbr_open(&c, octets, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (cbr_member(&c, key, "format", &seen, FMT)) {
			if (cbr_uint(&c, FORMAT) != FORMAT)
				cbr_fail(&c, CBR_VALUE);
		} else if (cbr_member(&c, key, "rules", &seen, RULES)) {
			read_rules(&c, g);
		} else if (cbr_member(&c, key, "pairs", &seen, PAIRS)) {
			read_list(&c, g, read_pair);
		} else if (cbr_member(&c, key, "identity", &seen, IDENTITY)) {
			g->identity = cbr_bool(&c);
		} else if (cbr_member(&c, key, "roles", &seen, ROLES)) {
			read_list(&c, g, read_role);
		} else {
			cbr_fail(&c, CBR_VALUE);
		}
	}
	err = cbr_close_with(&c, seen, EVERYTHING);
	if (err != CBR_OK)
		return err;
	*ret = g;
	g = NULL;
	return CBR_OK;
}
