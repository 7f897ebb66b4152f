/* ocf-obt/state: identity and records in their directory. */
#include "test.h"

#include <sys/stat.h>

#include "state.h"

struct dir {
	char top[32];
	char path[64]; /* below top, not made yet */
};

static struct dir make_dir(void)
{
	struct dir d = {.top = "/tmp/test_obt_state.XXXXXX"};

	assert_non_null(mkdtemp(d.top));
	(void)snprintf(d.path, sizeof(d.path), "%s/a/b", d.top);
	return d;
}

static void remove_dir(const struct dir *d)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -rf %s", d->top);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of our own making */
}

static struct state *open_state(const struct dir *d)
{
	struct trouble t = {0};
	struct state *s = NULL;

	if (state_open(&s, d->path, &t) < 0)
		fail_msg("%s", t.text);
	return s;
}

static struct record_device device(uint8_t first, const char *name)
{
	struct record_device d = {.device = {{first, 2, 3, 4}}, .complete = true};

	assert_true(secret_set(&d.key, SPAN_LIT("0123456789abcdef")));
	(void)snprintf(d.name, sizeof(d.name), "%s", name);
	return d;
}

static void state_open__makes_directory_and_identity_once(void **state)
{
	struct dir d = make_dir();
	struct record_self self;
	struct state *s = open_state(&d);
	struct stat st;

	(void)state;
	self = *state_self(s);
	assert_false(uuid_is_nil(&self.uuid));
	assert_false(uuid_eq(&self.uuid, &self.domain));
	(void)state_free(s);
	assert_int_equal(stat(d.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	s = open_state(&d);
	assert_memory_equal(state_self(s), &self, sizeof(self));
	(void)state_free(s);
	remove_dir(&d);
}

static void state_open__names_what_keeps_it_out(void **state)
{
	struct dir d = make_dir();
	struct state *s = open_state(&d), *other = NULL;
	struct trouble t;

	(void)state;
	assert_int_equal(state_open(&other, d.path, &t), -EBUSY);
	assert_non_null(strstr(t.text, "in use"));
	assert_int_equal(t.outcome, OUT_STATE);
	(void)state_free(s);
	assert_int_equal(chmod(d.path, 0750), 0);
	assert_int_equal(state_open(&other, d.path, &t), -EPERM);
	assert_null(other);
	remove_dir(&d);
}

static void state_put__survives_and_replaces(void **state)
{
	struct dir d = make_dir();
	struct state *s = open_state(&d);
	struct record_device a = device(0xaa, "Lamp"), b = device(0xbb, "Door");

	(void)state;
	assert_int_equal(state_put(s, &a), 0);
	assert_int_equal(state_put(s, &b), 0);
	a.complete = false;
	assert_int_equal(state_put(s, &a), 0);
	(void)state_free(s);
	s = open_state(&d);
	assert_int_equal(state_count(s), 2);
	assert_string_equal(state_at(s, 0)->name, "Door"); /* by name */
	assert_false(state_at(s, 1)->complete);
	assert_true(secret_eq(&state_at(s, 1)->key, &a.key));
	assert_int_equal(state_forget(s, &a.device), 0);
	assert_int_equal(state_forget(s, &a.device), 0); /* it is gone: fine */
	assert_null(state_find(s, &a.device));
	(void)state_free(s);
	s = open_state(&d);
	assert_int_equal(state_count(s), 1);
	(void)state_free(s);
	remove_dir(&d);
}

static void state_put__holds_many(void **state)
{
	struct dir d = make_dir();
	struct state *s = open_state(&d);

	(void)state;
	for (uint8_t i = 1; i <= 40; i++) {
		struct record_device dev = device(i, "x");

		assert_int_equal(state_put(s, &dev), 0);
	}
	assert_int_equal(state_count(s), 40);
	for (uint8_t i = 1; i <= 40; i++)
		assert_non_null(state_find(s, &(struct uuid){
						      {i, 2, 3, 4}
                }));
	(void)state_free(s);
	remove_dir(&d);
}

static void state_require__takes_uuid_prefix_or_name(void **state)
{
	static const struct {
		const char *text;
		int want;
		uint8_t first;
	} ROWS[] = {
		{"aa020304-0000-0000-0000-000000000000", 0,         0xaa},
		{"AA020304",			     0,         0xaa},
		{"bb02",				 0,         0xbb},
		{"bb0",				  -ENOENT,   0   }, /* too short for a prefix */
		{"Lamp",				 0,         0xaa},
		{"lamp",				 -ENOENT,   0   },
		{"Door",				 -ENOTUNIQ, 0   },
		{"",				     -ENOENT,   0   },
	};
	struct dir d = make_dir();
	struct state *s = open_state(&d);
	struct record_device devs[] = {device(0xaa, "Lamp"), device(0xbb, "Door"),
				       device(0xcc, "Door"), device(0xdd, "")};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(devs); i++)
		assert_int_equal(state_put(s, &devs[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		const struct record_device *found = NULL;
		struct trouble t;

		if (state_require(s, ROWS[i].text, &found, &t) != ROWS[i].want)
			fail_msg("'%s'", ROWS[i].text);
		if (ROWS[i].want == 0)
			assert_int_equal(found->device.b[0], ROWS[i].first);
		else
			assert_int_equal(t.outcome, OUT_NOT_FOUND);
	}
	(void)state_free(s);
	remove_dir(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_open__makes_directory_and_identity_once),
		cmocka_unit_test(state_open__names_what_keeps_it_out),
		cmocka_unit_test(state_put__survives_and_replaces),
		cmocka_unit_test(state_put__holds_many),
		cmocka_unit_test(state_require__takes_uuid_prefix_or_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
