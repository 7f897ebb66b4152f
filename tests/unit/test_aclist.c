/* The list with its index: all of it is found, it is shared, and it has an end. */
#include "svr_fixture.h"

#include <errno.h>

#include "svr/acl.h"

static struct ace *ace_for(uint32_t id, size_t octets, size_t resources)
{
	struct ace_resource items[ACE_RESOURCES_MAX];
	struct ace draft = {.aceid = id,
			    .subject = ACE_UUID,
			    .permission = PERM_RETRIEVE,
			    .n_resources = resources,
			    .resources = items};
	char href[ACE_TEXT_MAX + 1];
	struct ace *ace;

	memcpy(draft.uuid.b, &id, sizeof(id));
	(void)snprintf(href, sizeof(href), "/%0*u", (int)octets - 1, id);
	for (size_t i = 0; i < resources; i++)
		items[i] = (struct ace_resource){.href = span_str(href)};
	ace = ace_new(&draft);
	assert_non_null(ace);
	return ace;
}

/* Entries 1 to n, each for a subject and an href of its own. */
static struct acl fill(size_t n, size_t octets, size_t resources)
{
	struct acl acl = {0};

	for (uint32_t id = 1; id <= n; id++) {
		struct ace *ace = ace_for(id, octets, resources);

		assert_true(acl_append(&acl, ace));
		(void)ace_unref(ace);
	}
	return acl;
}

static size_t candidates(const struct aclist *list, uint32_t id, const char *href,
			 bool *ret_has_own)
{
	const struct ace_resource *resource;
	struct uuid uuid = {{0}};
	const struct ace *ace;
	struct aclist_walk w;
	size_t n = 0;

	memcpy(uuid.b, &id, sizeof(id));
	*ret_has_own = false;
	aclist_walk(&w, list, ACE_UUID, span_of(&uuid, sizeof(uuid)), span_str(href));
	while (aclist_next(&w, &ace, &resource)) {
		*ret_has_own = *ret_has_own || ace->aceid == id;
		n++;
	}
	return n;
}

static void aclist_walk__finds_each_entry_and_little_else(void **state)
{
	struct acl acl = fill(ACES_MAX, 10, 1);
	struct aclist *list = NULL;
	size_t found = 0;

	(void)state;
	assert_int_equal(aclist_new(&list, &acl), 0);
	assert_int_equal(acl.n, 0); /* taken */
	for (uint32_t id = 1; id <= ACES_MAX; id++) {
		char href[16];
		bool own;

		(void)snprintf(href, sizeof(href), "/%09u", id);
		found += candidates(list, id, href, &own);
		assert_true(own);
		found += candidates(list, id, href + 1, &own); /* without its slash */
		assert_true(own);
		found += candidates(list, id, "/000000000", &own);
		assert_false(own);
	}
	assert_in_range(found, 2 * ACES_MAX, 2 * ACES_MAX + 10); /* hashes of 32 bits may meet */
	(void)aclist_unref(list);
}

static void aclist_new__ends_at_its_limit(void **state)
{
	const size_t each = 32 * (2 + 5 + 2 + ACE_TEXT_MAX) + 100; /* at least so many octets */
	struct aclist *list = NULL;
	size_t n = ACLIST_MAX / each;
	struct acl acl;

	(void)state;
	for (;; n++) { /* up to the edge */
		acl = fill(n, ACE_TEXT_MAX, ACE_RESOURCES_MAX);
		if (aclist_new(&list, &acl) < 0)
			break;
		assert_true(aclist_octets(list).len <= ACLIST_MAX);
		list = aclist_unref(list);
	}
	assert_int_equal(acl.n, 0);
	acl = fill(n, ACE_TEXT_MAX, ACE_RESOURCES_MAX);
	assert_int_equal(aclist_new(&list, &acl), -EFBIG);
	acl = fill(n - 1, ACE_TEXT_MAX, ACE_RESOURCES_MAX);
	assert_int_equal(aclist_new(&list, &acl), 0);
	assert_true(aclist_octets(list).len > ACLIST_MAX - each - 1000);
	(void)aclist_unref(list);
}

static void aclist_new__of_nothing_is_the_empty_list(void **state)
{
	struct acl acl = fill(1, 10, 0), none = {0};
	struct aclist *list;
	bool own;

	(void)state;
	assert_int_equal(aclist_new(&list, &none), 0);
	assert_null(list);
	assert_int_equal(aclist_acl(list)->n, 0);
	assert_int_equal(aclist_octets(list).len, 2);
	assert_int_equal(candidates(list, 1, "/x", &own), 0);
	assert_int_equal(aclist_new(&list, &acl), 0); /* an entry without resources */
	assert_int_equal(aclist_acl(list)->n, 1);
	assert_int_equal(candidates(list, 1, "/x", &own), 0);
	assert_null(aclist_unref(list));
}

/* A change of something else leaves the list where it is; a refused one, too. */
static void device_copy__shares_the_list(void **state)
{
	struct acl acl = fill(ACES_MAX, 10, 1);
	struct world *w = world_new();
	const struct aclist *before;
	struct device *copy;

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(aclist_new(&w->dev->acl, &acl), 0);
	before = w->dev->acl;
	copy = device_copy(w->dev);
	assert_non_null(copy);
	assert_ptr_equal(copy->acl, before);
	(void)device_free(copy);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/pstat", "{\"om\":4}"), V_CHANGED);
	assert_ptr_equal(w->dev->acl, before);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/acl2",
			      "{\"aclist2\":[{\"subject\":{\"role\":\"r\"},\"resources\":[],"
			      "\"permission\":1}]}"),
			 V_BAD_REQUEST);
	assert_ptr_equal(w->dev->acl, before);
	assert_int_equal(del(w, LATER, OBT, "/oic/sec/acl2?aceid=10000"), V_DELETED);
	assert_int_equal(acl_of(w)->n, ACES_MAX - 1);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aclist_walk__finds_each_entry_and_little_else),
		cmocka_unit_test(aclist_new__ends_at_its_limit),
		cmocka_unit_test(aclist_new__of_nothing_is_the_empty_list),
		cmocka_unit_test(device_copy__shares_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
