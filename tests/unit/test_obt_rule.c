/* obt/rule: access rules in words and as ACEs. */
#include "test.h"

#include "obt/rule.h"

#define LAMP "a71c3000-0000-4000-8000-000000000002"

static bool find(void *arg, const char *name, struct uuid *ret)
{
	(void)arg;
	return strcmp(name, "Lamp") == 0 && uuid_parse(SPAN_LIT(LAMP), ret);
}

static const struct rule_names NAMES = {.find = find};

static const struct {
	const char *text, *want; /* NULL: refused; "": comes back as it was */
} TEXTS[] = {
	{"allow role=admin read,update /lamp",                                           ""                                  },
	{"role=admin update,read /lamp",						 "allow role=admin read,update /lamp"},
	{"  allow   anyone  read   /a   /b ",                                            "allow anyone read /a /b"           },
	{"allow authenticated all *",						    ""                                  },
	{"allow device=" LAMP " create,read,update,delete,notify + -",
	 "allow device=" LAMP " all + -"										     },
	{"allow device=Lamp read /x",						    "allow device=" LAMP " read /x"     },
	{"allow role=admin@acme delete /x",					      ""                                  },
	{"allow anyone read /x during 20260101T080000Z/PT9H",                            ""                                  },
	{"allow anyone read /x during 20260101T080000Z/PT9H repeat FREQ=DAILY",          ""                                  },
	{"",									     NULL				},
	{"allow",									NULL				},
	{"allow anyone",								 NULL				},
	{"allow anyone read",							    NULL                                },
	{"allow somebody read /x",						       NULL                                },
	{"allow device=Nobody read /x",						  NULL                                },
	{"allow role= read /x",							  NULL                                },
	{"allow role=@acme read /x",						     NULL                                },
	{"allow anyone peruse /x",						       NULL                                },
	{"allow anyone read,,update /x",						 NULL                                },
	{"allow anyone read x",							  NULL                                },
	{"allow anyone read /x during",						  NULL                                },
	{"allow anyone read /x during P repeat",                                         "allow anyone read /x during P"     },
	{"allow anyone read /x during P Q",					      NULL                                },
	{"allow anyone read /1 /2 /3 /4 /5 /6 /7 /8 /9 /10 /11 /12 /13 /14 /15 /16 /17", NULL                                },
};

static void assert_words(const struct rule *r, const char *want)
{
	struct buf out = BUF_INIT(RULE_TEXT_MAX + 1);

	rule_format(r, &out);
	buf_put_byte(&out, '\0');
	assert_true(buf_ok(&out));
	assert_string_equal((const char *)out.ptr, want);
	buf_done(&out);
}

static void rule_parse__takes_and_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++) {
		struct rule r = {0};
		const char *why = rule_parse(span_str(TEXTS[i].text), &NAMES, &r);

		if (!why != !!TEXTS[i].want)
			fail_msg("%s: %s", TEXTS[i].text, why ? why : "taken");
		if (!why)
			assert_words(&r, *TEXTS[i].want ? TEXTS[i].want : TEXTS[i].text);
	}
}

static struct rule rule(const char *text)
{
	struct rule r = {0};
	const char *why = rule_parse(span_str(text), &NAMES, &r);

	if (why)
		fail_msg("%s: %s", text, why);
	return r;
}

static void rule_write__is_what_rule_read_reads(void **state)
{
	static const struct cbr_limits LIMITS = {
		.bytes = 8192, .depth = 8, .items = 512, .text = 256};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++) {
		struct buf out = BUF_INIT(8192);
		struct rule r, back;
		bool strange = true;
		uint32_t id = 7;
		struct cbr c;

		if (!TEXTS[i].want)
			continue;
		r = rule(TEXTS[i].text);
		rule_write(&r, &out);
		cbr_open(&c, buf_span(&out), &LIMITS);
		rule_read(&c, &back, &id, &strange);
		assert_int_equal(cbr_close(&c), CBR_OK);
		assert_false(strange);
		assert_int_equal(id, 0);
		assert_true(rule_equal(&r, &back));
		buf_done(&out);
	}
}

static const struct {
	const char *name, *a, *b[2];
	bool covered;
} COVERS[] = {
	{"itself",             "anyone read /a",        {"anyone read /a", NULL},                    true },
	{"more permissions",   "anyone read /a",        {"anyone read,update /a", NULL},             true },
	{"fewer permissions",  "anyone read,update /a", {"anyone read /a", NULL},                    false},
	{"two rules together",
	 "anyone read,update /a",		       {"anyone read /a", "anyone update /a"},
	 true											     },
	{"resources in two",   "anyone read /a /b",     {"anyone read /b", "anyone read /a"},        true },
	{"another resource",   "anyone read /a",        {"anyone read /b", "anyone read *"},         false},
	{"another subject",    "anyone read /a",        {"authenticated read /a", "role=r read /a"}, false},
	{"another role",       "role=r read /a",        {"role=s read /a", NULL},                    false},
	{"an authority",       "role=r read /a",        {"role=r@x read /a", NULL},                  false},
	{"at times only",      "anyone read /a",        {"anyone read /a during P", NULL},           false},
};

static void rule_is_covered__adds_up_what_is_granted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(COVERS); i++) {
		size_t n = COVERS[i].b[1] ? 2 : 1;
		struct rule a = rule(COVERS[i].a), b[2] = {{0}};
		const struct rule *list[2] = {&b[0], &b[1]};

		for (size_t k = 0; k < n; k++)
			b[k] = rule(COVERS[i].b[k]);
		if (rule_is_covered(&a, list, n) != COVERS[i].covered)
			fail_msg("%s", COVERS[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule_parse__takes_and_refuses),
		cmocka_unit_test(rule_write__is_what_rule_read_reads),
		cmocka_unit_test(rule_is_covered__adds_up_what_is_granted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
