/* obt/plan and obt/goal: how a device differs from its goal, and the goal's stored form. */
#include "test.h"

#include "codec/cbw.h"
#include "obt/plan.h"

static const struct uuid DEVICE = {{1}}, DOTS = {{2}}, CMS = {{3}}, AMS = {{4}}, PEER = {{5}},
			 STRANGER = {{6}};
static const struct plan_owners ONE = {
	.of = {{{2}}, {{2}}, {{2}}}
};
static const struct plan_owners THREE = {
	.of = {{{2}}, {{3}}, {{4}}}
};

struct world {
	struct goal *goal;
	struct plan_actual actual;
	struct plan_owners owners;
	struct buf acl, creds;
};

static struct rule rule(const char *text)
{
	struct rule r = {0};

	assert_null(rule_parse(span_str(text), NULL, &r));
	return r;
}

static void put_cred(struct buf *b, unsigned id, const struct uuid *subject)
{
	cbw_map(b);
	cbw_kv_uint(b, "credid", id);
	cbw_kv_uint(b, "credtype", 1);
	cbw_kv_uuid(b, "subjectuuid", subject);
	cbw_end(b);
}

/* A device that is as its goal says: the three default rules, and the keys of its owners. */
static void make(struct world *w, const struct plan_owners *owners)
{
	*w = (struct world){.goal = goal_new(),
			    .owners = *owners,
			    .acl = BUF_INIT(8192),
			    .creds = BUF_INIT(8192)};
	assert_non_null(w->goal);
	goal_add_defaults(w->goal, &owners->of[OBT_DOTS], &owners->of[OBT_CMS], true);
	w->actual.doxm = (struct answer_doxm){
		.owned = true, .device = DEVICE, .devowner = DOTS, .rowner = DOTS};
	w->actual.pstat = (struct answer_pstat){.state = 3, .om = 4, .rowner = DOTS};
}

static void read_device(struct world *w, const struct rule *rules, size_t n_rules,
			const struct uuid *subjects, size_t n_subjects)
{
	cbw_map(&w->acl);
	cbw_str(&w->acl, "aclist2");
	cbw_array(&w->acl);
	for (size_t i = 0; i < n_rules; i++)
		rule_write(&rules[i], &w->acl);
	cbw_end(&w->acl);
	cbw_kv_uuid(&w->acl, "rowneruuid", &w->owners.of[OBT_AMS]);
	cbw_end(&w->acl);
	cbw_map(&w->creds);
	cbw_str(&w->creds, "creds");
	cbw_array(&w->creds);
	for (size_t i = 0; i < n_subjects; i++)
		put_cred(&w->creds, 10 + (unsigned)i, &subjects[i]);
	cbw_end(&w->creds);
	cbw_kv_uuid(&w->creds, "rowneruuid", &w->owners.of[OBT_CMS]);
	cbw_end(&w->creds);
	assert_int_equal(listed_aces_read(buf_span(&w->acl), &w->actual.aces), CBR_OK);
	assert_int_equal(listed_creds_read(buf_span(&w->creds), &w->actual.creds), CBR_OK);
}

static void assert_plan(struct world *w, size_t n, const char *const *want)
{
	struct plan p;

	assert_int_equal(plan_make(w->goal, &DEVICE, &w->owners,
				   &(struct plan_certs){.renew = false}, &w->actual, &p),
			 0);
	for (size_t i = 0; i < p.n; i++) {
		struct buf line = BUF_INIT(1024);

		plan_format(&p.changes[i], w->goal, &w->actual, &line);
		buf_put_byte(&line, '\0');
		if (i >= n || strcmp((const char *)line.ptr, want[i]) != 0)
			fail_msg("%zu: %s", i, (const char *)line.ptr);
		buf_done(&line);
	}
	assert_int_equal(p.n, n);
	plan_done(&p);
}

static void done(struct world *w)
{
	(void)goal_free(w->goal);
	listed_aces_done(&w->actual.aces);
	buf_done(&w->acl);
	buf_done(&w->creds);
}

static void plan_make__finds_nothing_where_all_is_well(void **state)
{
	struct world w;

	(void)state;
	make(&w, &ONE);
	read_device(&w, w.goal->rules, w.goal->n_rules, &DOTS, 1);
	assert_plan(&w, 0, NULL);
	done(&w);
	make(&w, &THREE);
	read_device(&w, w.goal->rules, w.goal->n_rules, (const struct uuid[]){AMS, DOTS, CMS}, 3);
	assert_plan(&w, 0, NULL);
	done(&w);
}

static void plan_make__looks_at_what_is_granted(void **state)
{
	const struct rule split[] = {rule("anyone read /a"), rule("anyone read /b")};
	const struct rule whole = rule("anyone read /a /b");
	struct world w;

	(void)state;
	make(&w, &ONE);
	w.goal->n_rules = 0;
	assert_true(goal_add_rule(w.goal, &whole));
	read_device(&w, split, 2, &DOTS, 1);
	assert_plan(&w, 0, NULL);
	done(&w);
}

static void plan_make__names_each_difference(void **state)
{
	static const char *const WANT[] = {
		"take acl2.rowneruuid back, in SRESET",
		"remove ACE 0: allow authenticated all *",
		"add allow anyone read /b",
		"remove credential 11 of 06000000-0000-0000-0000-000000000000 ",
		"add a key shared with 05000000-0000-0000-0000-000000000000",
		"set to RFNOP, from SRESET",
	};
	const struct rule has[] = {rule("anyone read /a"), rule("authenticated all *")};
	const struct rule wants[] = {rule("anyone read /a"), rule("anyone read /b")};
	const struct secret key = {.len = 16};
	struct world w;

	(void)state;
	make(&w, &ONE);
	w.goal->n_rules = 0;
	assert_true(goal_add_rule(w.goal, &wants[0]) && goal_add_rule(w.goal, &wants[1]));
	assert_true(goal_add_pair(w.goal, &PEER, &key));
	read_device(&w, has, 2, (const struct uuid[]){DOTS, STRANGER}, 2);
	w.actual.pstat.state = 4;
	w.actual.aces.rowner = STRANGER;
	assert_plan(&w, ARRAY_SIZE(WANT), WANT);
	done(&w);
}

static void plan_make__knows_what_is_hopeless(void **state)
{
	struct world w;
	struct plan p;

	(void)state;
	make(&w, &ONE);
	read_device(&w, w.goal->rules, w.goal->n_rules, &DOTS, 1);
	w.actual.doxm.owned = false;
	assert_int_equal(plan_make(w.goal, &DEVICE, &w.owners, &(struct plan_certs){.renew = false},
				   &w.actual, &p),
			 0);
	assert_non_null(p.hopeless);
	plan_done(&p);
	w.actual.doxm.owned = true;
	w.actual.creds.n = 0;
	assert_int_equal(plan_make(w.goal, &DEVICE, &w.owners, &(struct plan_certs){.renew = false},
				   &w.actual, &p),
			 0);
	assert_non_null(p.hopeless);
	plan_done(&p);
	done(&w);
}

static void goal_parse__reads_what_goal_write_writes(void **state)
{
	const struct rule r = rule("role=admin@acme read,update /lamp during P repeat R");
	const struct secret key = {
		.b = {1, 2, 3},
                  .len = 16
        };
	struct goal *g = goal_new(), *back = NULL;
	struct buf out = BUF_INIT(GOAL_OCTETS_MAX), again = BUF_INIT(GOAL_OCTETS_MAX);

	(void)state;
	goal_add_defaults(g, &DOTS, &CMS, false);
	assert_true(goal_add_rule(g, &r) && goal_add_pair(g, &PEER, &key));
	g->identity = true;
	g->roles[g->n_roles++] = (struct goal_role){.name = "admin"};
	goal_write(g, &out);
	assert_int_equal(goal_parse(buf_span(&out), &back), CBR_OK);
	goal_write(back, &again);
	assert_true(buf_ok(&again) && span_eq(buf_span(&out), buf_span(&again)));
	assert_int_not_equal(goal_parse(span_of(out.ptr, out.len - 1), &back), CBR_OK);
	assert_true(goal_drop_rule(back, &r) && !goal_drop_rule(back, &r));
	assert_true(goal_drop_pair(back, &PEER) && !goal_find_pair(back, &PEER));
	(void)goal_free(back);
	(void)goal_free(g);
	buf_done(&out);
	buf_done(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan_make__finds_nothing_where_all_is_well),
		cmocka_unit_test(plan_make__looks_at_what_is_granted),
		cmocka_unit_test(plan_make__names_each_difference),
		cmocka_unit_test(plan_make__knows_what_is_hopeless),
		cmocka_unit_test(goal_parse__reads_what_goal_write_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
