/* fw/url: what is taken, what is refused, and the resolution table of RFC 3986 5.4. */
#include "test.h"

#include "fw/url.h"

static void url_parse__takes_only_what_it_can_follow(void **state)
{
	static const struct {
		const char *text;
		enum url_err want;
	} ROWS[] = {
		{"http://h",				    URL_OK    },
		{"https://h/p?q",                               URL_OK    },
		{"HTTP://h/",				   URL_OK    },
		{"coap://h:5683/a",                             URL_OK    },
		{"coaps://[2001:db8::1]:5684/a",                URL_OK    },
		{"http://_firmware.example.test/.well-known/x", URL_OK    },
		{"http://h/a%20b",                              URL_OK    },
		{"http://192.0.2.1:65535/",                     URL_OK    },
		{"ftp://h/",				    URL_SCHEME},
		{"file:///etc/passwd",                          URL_SCHEME},
		{"javascript:alert",                            URL_SCHEME},
		{"",					    URL_BAD   },
		{"h/p",					 URL_BAD   },
		{"//h/p",				       URL_BAD   },
		{"http:/p",				     URL_BAD   },
		{"http:///p",				   URL_BAD   },
		{"http://user@h/",                              URL_BAD   },
		{"http://user:pw@h/",                           URL_BAD   },
		{"http://h/#f",				 URL_BAD   },
		{"http://h/a b",                                URL_BAD   },
		{"http://h/\xc3\xa9",                           URL_BAD   },
		{"http://h/a\\b",                               URL_BAD   },
		{"http://h/<x>",                                URL_BAD   },
		{"http://h/%",				  URL_BAD   },
		{"http://h/%4",				 URL_BAD   },
		{"http://h/%zz",                                URL_BAD   },
		{"http://h%41/",                                URL_BAD   },
		{"http://h:/",				  URL_BAD   },
		{"http://h:0/",				 URL_BAD   },
		{"http://h:65536/",                             URL_BAD   },
		{"http://h:080/",                               URL_BAD   },
		{"http://h:8x/",                                URL_BAD   },
		{"http://[::1/",                                URL_BAD   },
		{"http://[::1]x/",                              URL_BAD   },
		{"http://[v1.x]/",                              URL_BAD   },
		{"http://[]/",				  URL_BAD   },
		{"http://h/[a]",                                URL_BAD   },
		{"1http://h/",				  URL_BAD   },
		{"http://h./",				  URL_OK    },
		{"http://h../",				 URL_BAD   },
		{"http://./",				   URL_BAD   },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct url u;

		if (url_parse(span_str(ROWS[i].text), &u) != ROWS[i].want)
			fail_msg("%s: not %d", ROWS[i].text, ROWS[i].want);
	}
}

static void url_parse__gives_the_components(void **state)
{
	struct url u;

	(void)state;
	assert_int_equal(url_parse(SPAN_LIT("https://[fd00::2]:8443/a/b?c=d"), &u), URL_OK);
	assert_int_equal(u.scheme, URL_HTTPS);
	assert_true(span_is(u.host, "[fd00::2]"));
	assert_int_equal(u.port, 8443);
	assert_true(span_is(u.path, "/a/b"));
	assert_true(span_is(u.query, "c=d"));
	assert_int_equal(url_parse(SPAN_LIT("http://h"), &u), URL_OK);
	assert_int_equal(u.port, 0);
	assert_int_equal(u.path.len, 0);
	assert_null(u.query.ptr);
}

static void url_parse__has_a_limit(void **state)
{
	char text[URL_MAX + 2];
	struct url u;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "http://h/", 9);
	assert_int_equal(url_parse(span_of(text, URL_MAX), &u), URL_OK);
	assert_int_equal(url_parse(span_of(text, URL_MAX + 1), &u), URL_BAD);
}

static void url_check_ref__takes_relative_references(void **state)
{
	static const struct {
		const char *text;
		enum url_err want;
	} ROWS[] = {
		{"image.bin",        URL_OK    },
		{"../a/image.bin",   URL_OK    },
		{"/a/image.bin?v=1", URL_OK    },
		{"//h/image.bin",    URL_OK    },
		{"./a:b",            URL_OK    },
		{"http://h/i",       URL_OK    },
		{"file:///i",        URL_SCHEME},
		{"a:b/c",            URL_SCHEME},
		{":b",               URL_BAD   },
		{"#image",           URL_BAD   },
		{"a b",              URL_BAD   },
		{"//u@h/i",          URL_BAD   },
		{"",                 URL_BAD   },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		if (url_check_ref(span_str(ROWS[i].text)) != ROWS[i].want)
			fail_msg("%s: not %d", ROWS[i].text, ROWS[i].want);
}

/* RFC 3986 5.4.1 and 5.4.2, without the rows that hold a fragment or another scheme; base
 * http://a/b/c/d;p?q. */
static void url_resolve__follows_rfc_3986(void **state)
{
	static const struct {
		const char *ref, *want;
	} ROWS[] = {
		{"g",             "http://a/b/c/g"      },
		{"./g",           "http://a/b/c/g"      },
		{"g/",            "http://a/b/c/g/"     },
		{"/g",            "http://a/g"          },
		{"//g",           "http://g/"           },
		{"?y",            "http://a/b/c/d;p?y"  },
		{"g?y",           "http://a/b/c/g?y"    },
		{";x",            "http://a/b/c/;x"     },
		{"g;x",           "http://a/b/c/g;x"    },
		{".",             "http://a/b/c/"       },
		{"./",            "http://a/b/c/"       },
		{"..",            "http://a/b/"         },
		{"../",           "http://a/b/"         },
		{"../g",          "http://a/b/g"        },
		{"../..",         "http://a/"           },
		{"../../",        "http://a/"           },
		{"../../g",       "http://a/g"          },
		{"../../../g",    "http://a/g"          },
		{"../../../../g", "http://a/g"          },
		{"/./g",          "http://a/g"          },
		{"/../g",         "http://a/g"          },
		{"g.",            "http://a/b/c/g."     },
		{".g",            "http://a/b/c/.g"     },
		{"g..",           "http://a/b/c/g.."    },
		{"..g",           "http://a/b/c/..g"    },
		{"./../g",        "http://a/b/g"        },
		{"./g/.",         "http://a/b/c/g/"     },
		{"g/./h",         "http://a/b/c/g/h"    },
		{"g/../h",        "http://a/b/c/h"      },
		{"g;x=1/./y",     "http://a/b/c/g;x=1/y"},
		{"g;x=1/../y",    "http://a/b/c/y"      },
		{"g?y/./x",       "http://a/b/c/g?y/./x"},
		{"https://h:1/x", "https://h:1/x"       },
	};
	char out[URL_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		if (url_resolve(SPAN_LIT("http://a/b/c/d;p?q"), span_str(ROWS[i].ref), out) !=
		    URL_OK)
			fail_msg("%s: refused", ROWS[i].ref);
		if (strcmp(out, ROWS[i].want))
			fail_msg("%s: %s instead of %s", ROWS[i].ref, out, ROWS[i].want);
	}
	assert_int_equal(url_resolve(SPAN_LIT("http://a"), SPAN_LIT("g"), out), URL_OK);
	assert_string_equal(out, "http://a/g");
}

static void url_resolve__refuses_what_does_not_fit(void **state)
{
	char base[URL_MAX], out[URL_MAX + 1] = "kept";

	(void)state;
	memset(base, 'a', sizeof(base));
	memcpy(base, "http://h/", 9);
	base[URL_MAX - 2] = '/';
	assert_int_equal(url_resolve(span_of(base, URL_MAX - 1), SPAN_LIT("long"), out), URL_BAD);
	assert_int_equal(url_resolve(SPAN_LIT("/not/absolute"), SPAN_LIT("g"), out), URL_BAD);
	assert_int_equal(url_resolve(SPAN_LIT("http://h/"), SPAN_LIT("file:///x"), out),
			 URL_SCHEME);
	assert_int_equal(url_resolve(SPAN_LIT("http://h/"), SPAN_LIT("g#f"), out), URL_BAD);
	assert_string_equal(out, "kept");
}

static void url_same_host__looks_at_the_host_only(void **state)
{
	static const struct {
		const char *a, *b;
		bool want;
	} ROWS[] = {
		{"http://H/x",    "https://h:8443/y", true },
                {"http://[::1]/", "http://[::1]",     true },
		{"http://h.:80/", "http://h/",        true },
                {"http://h",      "http://i",         false},
		{"http://h",      "http://hh",        false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct url a, b;

		assert_int_equal(url_parse(span_str(ROWS[i].a), &a), URL_OK);
		assert_int_equal(url_parse(span_str(ROWS[i].b), &b), URL_OK);
		if (url_same_host(&a, &b) != ROWS[i].want)
			fail_msg("%s %s", ROWS[i].a, ROWS[i].b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(url_parse__takes_only_what_it_can_follow),
		cmocka_unit_test(url_parse__gives_the_components),
		cmocka_unit_test(url_parse__has_a_limit),
		cmocka_unit_test(url_check_ref__takes_relative_references),
		cmocka_unit_test(url_resolve__follows_rfc_3986),
		cmocka_unit_test(url_resolve__refuses_what_does_not_fit),
		cmocka_unit_test(url_same_host__looks_at_the_host_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
