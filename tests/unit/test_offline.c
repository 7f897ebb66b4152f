/* fw/offline: files of a medium, and nothing beside it. */
#include "test.h"

#include "fw/offline.h"

static void offline_add__looks_in_both_layouts_and_beside(void **state)
{
	static const struct {
		const char *url, *file;
	} WANT[] = {
		{"file:///run/media/my%20stick/.well-known/firmware/maker.example/model%207/"
		 "manifest.json",             "/.well-known/firmware/maker.example/model 7/manifest.json"},
		{"file:///run/media/my%20stick/.well-known/manifest/maker.example/model%207/"
		 "manifest.json",             "/.well-known/manifest/maker.example/model 7/manifest.json"},
		{"file:///run/media/my%20stick/manifest.json", "/manifest.json"                                           },
	};
	struct discover d = {.manufacturer = "maker.example", .model = "model 7"};
	char folder[OFFLINE_PATH], file[OFFLINE_PATH];
	struct discover_list list = {0};

	(void)state;
	assert_int_equal(offline_add(&list, 3, &d, "/run/media/my stick/"), 0);
	assert_int_equal(list.n, ARRAY_SIZE(WANT));
	for (size_t i = 0; i < list.n; i++) {
		assert_string_equal(list.at[i].url, WANT[i].url);
		assert_int_equal(list.at[i].source, DISCOVER_OFFLINE);
		assert_int_equal(list.at[i].server, 3);
		assert_true(offline_parts(&list.at[i], folder, file));
		assert_string_equal(folder, "/run/media/my stick");
		assert_string_equal(file, WANT[i].file);
	}
	assert_int_equal(discover_next_server(&list, 0), 3);
}

static void offline_add__has_limits(void **state)
{
	struct discover d = {.manufacturer = "m", .model = "m"};
	struct discover_list list = {0};
	char longest[OFFLINE_PATH + 10];
	size_t n = 0;

	(void)state;
	while (offline_add(&list, (unsigned)n, &d, "/m") == 0)
		n++;
	assert_int_equal(n, DISCOVER_MAX / 3);
	list.n = 0;
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(offline_add(&list, 0, &d, longest), -EINVAL);
	assert_int_equal(offline_add(&list, 0, &d, "relative"), -EINVAL);
	assert_int_equal(offline_add(&list, 0, &d, "/"), -EINVAL);
	assert_int_equal(offline_add(&list, 0, &d, ""), -EINVAL);
}

static void offline_folder__takes_absolute_paths_only(void **state)
{
	static const struct {
		const char *url, *want; /* NULL: refused */
	} ROWS[] = {
		{"file:///srv/fw",         "/srv/fw"   },
		{"file:///srv/my%20fw",    "/srv/my fw"},
		{"file:///srv/..%2fetc",   NULL        },
		{"file:///srv/../etc",     NULL        },
		{"file:///srv/%2e%2e/etc", NULL        },
		{"file:///srv/./x",        NULL        },
		{"file:///srv/%00",        NULL        },
		{"file:///srv/%4",         NULL        },
		{"file:///srv/x%",         NULL        },
		{"file:///srv/x#y",        NULL        },
		{"file:///srv/x?y",        NULL        },
		{"file:///srv/%zz",        NULL        },
		{"file://host/srv",        NULL        },
		{"file:srv",               NULL        },
		{"file://",                NULL        },
		{"http://host/srv",        NULL        },
		{"",		       NULL        },
	};
	char path[OFFLINE_PATH];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		bool got = offline_folder(span_str(ROWS[i].url), path);

		if (got != (ROWS[i].want != NULL) || (got && strcmp(path, ROWS[i].want) != 0))
			fail_msg("%s", ROWS[i].url);
	}
}

static void offline_folder__has_room_for_so_much(void **state)
{
	struct {
		char path[OFFLINE_PATH];
		char behind;
	} room = {.behind = 'x'};
	char url[sizeof("file://") + OFFLINE_PATH];

	(void)state;
	memset(url, 'a', sizeof(url));
	memcpy(url, "file:///", 8);
	assert_false(offline_folder(span_of(url, 7 + OFFLINE_PATH), room.path));
	assert_true(offline_folder(span_of(url, 7 + OFFLINE_PATH - 1), room.path));
	assert_int_equal(strlen(room.path), OFFLINE_PATH - 1);
	assert_int_equal(room.behind, 'x');
}

/* What a manifest on a medium may say, as the agent resolves it. */
static void offline_file__stays_in_the_medium(void **state)
{
	static const struct {
		const char *location, *want; /* NULL: no file of the medium */
	} ROWS[] = {
		{"image.bin",                          "/.well-known/firmware/m/model 7/image.bin"},
		{"../../x.img",                        "/.well-known/firmware/x.img"              },
		{"/x.img",			     "/x.img"				   },
		{"../../../../../../../etc/shadow",    "/etc/shadow"                              }, /* of the medium */
		{"..%2f..%2fetc",                      NULL				       },
		{"%2e%2e/x",                           NULL				       },
		{"http://offline.invalid/y",           "/y"                                       },
		{"http://offline.invalid.evil.test/y", NULL                                       },
		{"http://host.test/image.bin",         NULL                                       },
		{"image.bin?x=1",                      NULL				       },
	};
	char base[URL_MAX + 1], url[URL_MAX + 1], file[OFFLINE_PATH];

	(void)state;
	assert_true(offline_base("/.well-known/firmware/m/model 7/manifest.json", base));
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		bool got = url_resolve(span_str(base), span_str(ROWS[i].location), url) == URL_OK &&
			   offline_file(span_str(url), file);

		if (got != (ROWS[i].want != NULL) || (got && strcmp(file, ROWS[i].want) != 0))
			fail_msg("%s: %s", ROWS[i].location, got ? file : "none");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offline_add__looks_in_both_layouts_and_beside),
		cmocka_unit_test(offline_add__has_limits),
		cmocka_unit_test(offline_folder__takes_absolute_paths_only),
		cmocka_unit_test(offline_folder__has_room_for_so_much),
		cmocka_unit_test(offline_file__stays_in_the_medium),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
