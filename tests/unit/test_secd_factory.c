/* ocf-secd: factory.c. */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "factory.h"
#include "tests/unit/x509_maker.h"

static struct made root, sub, device, other;
static char dir[] = "/tmp/test_secd_factory.XXXXXX";

static int make_all(void **state)
{
	(void)state;
	make(&root, &SPEC_CA("CN=Root", -1), NULL);
	make(&sub, &SPEC_CA("CN=Sub", 0), &root);
	make(&device, &SPEC_END("CN=uuid:" MAKER_UUID), &sub);
	make(&other, &SPEC_END("CN=Thing"), &sub);
	return mkdtemp(dir) ? 0 : -1;
}

static int unmake_all(void **state)
{
	(void)state;
	unmake(&root);
	unmake(&sub);
	unmake(&device);
	unmake(&other);
	return rmdir(dir);
}

static void put(const char *name, mode_t mode, const char *a, const char *b)
{
	char path[64];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fprintf(f, "%s%s", a, b) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void clear(void)
{
	static const char *const NAMES[] = {"chain.pem", "key.pem", "key.url", "trust.pem"};
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, NAMES[i]);
		(void)unlink(path);
	}
}

static void factory_load__takes_what_the_import_writes(void **state)
{
	struct factory f;
	const char *why = NULL;
	struct uuid id;

	(void)state;
	put("chain.pem", 0640, device.pem, sub.pem);
	put("key.pem", 0640, device.key_pem, "");
	put("trust.pem", 0644, root.pem, sub.pem);
	assert_int_equal(factory_load(&f, dir, &why), 0);
	assert_int_equal(f.n, 3);
	assert_true(uuid_parse(SPAN_LIT(MAKER_UUID), &id));
	assert_false(f.creds[0].trustca || f.creds[0].any);
	assert_true(uuid_eq(&f.creds[0].subject, &id));
	assert_int_equal(f.creds[0].credid, FACTORY_CREDID);
	assert_true(f.creds[2].trustca && f.creds[2].any);
	assert_int_equal(f.creds[2].credid, FACTORY_CREDID + 2);
	assert_true(span_starts(f.creds[2].pem, "-----BEGIN CERTIFICATE-----"));
	assert_non_null(f.own);
	factory_done(&f);
	clear();
}

static void factory_load__is_absent_without_a_chain(void **state)
{
	struct factory f;
	const char *why = NULL;

	(void)state;
	assert_int_equal(factory_load(&f, "/nonexistent", &why), -ENOENT);
	assert_int_equal(factory_load(&f, dir, &why), -ENOENT);
	put("key.pem", 0600, device.key_pem, "");
	assert_int_equal(factory_load(&f, dir, &why), -ENOENT);
	assert_int_equal(f.n, 0);
	clear();
}

static const struct {
	const char *name;
	const char *chain, *key, *trust, *url; /* NULL: no such file */
	mode_t key_mode;
	int want;
} BAD[] = {
	{"no key",                 device.pem,     NULL,           NULL,       NULL,                0600, -EINVAL},
	{"key of another",         device.pem,     other.key_pem,  NULL,       NULL,                0600, -EINVAL},
	{"key open to all",        device.pem,     device.key_pem, NULL,       NULL,                0644, -EACCES},
	{"certificate for a key",  device.pem,     device.pem,     NULL,       NULL,                0600, -EINVAL},
	{"key for a certificate",  device.key_pem, device.key_pem, NULL,       NULL,                0600, -EINVAL},
	{"a CA as the device",     sub.pem,        sub.key_pem,    NULL,       NULL,                0600, -EINVAL},
	{"device as a trusted CA", device.pem,     device.key_pem, device.pem, NULL,                0600, -EINVAL},
	{"URL of no token",        device.pem,     NULL,           NULL,       "pkcs11:token=none", 0600, -EINVAL},
	{"file for a URL",         device.pem,     NULL,           NULL,       "/etc/passwd",       0600, -EINVAL},
	{"empty chain",            "",             device.key_pem, NULL,       NULL,                0600, -EINVAL},
};

static void factory_load__refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++) {
		struct factory f;
		const char *why = NULL;
		int r;

		put("chain.pem", 0644, BAD[i].chain, "");
		if (BAD[i].key)
			put("key.pem", BAD[i].key_mode, BAD[i].key, "");
		if (BAD[i].url)
			put("key.url", 0600, BAD[i].url, "\n");
		if (BAD[i].trust)
			put("trust.pem", 0644, BAD[i].trust, "");
		r = factory_load(&f, dir, &why);
		if (r != BAD[i].want || (r == -EINVAL && !why) || f.own || f.n)
			fail_msg("%s: %d %s", BAD[i].name, r, why);
		clear();
	}
}

static void factory_load__has_limits(void **state)
{
	static char many[X509_PEM_MAX + 2];
	struct factory f;
	const char *why = NULL;

	(void)state;
	put("chain.pem", 0644, device.pem, sub.pem);
	put("key.pem", 0600, device.key_pem, "");
	for (size_t i = 0; i < FACTORY_TRUST_MAX; i++)
		strcat(many, root.pem);
	assert_true(strlen(many) + strlen(root.pem) < X509_PEM_MAX);
	put("trust.pem", 0644, many, "");
	assert_int_equal(factory_load(&f, dir, &why), 0);
	assert_int_equal(f.n, 1 + FACTORY_TRUST_MAX);
	factory_done(&f);
	put("trust.pem", 0644, many, root.pem);
	assert_int_equal(factory_load(&f, dir, &why), -EINVAL);
	assert_string_equal(why, "too many CA certificates");
	memset(many, '\n', X509_PEM_MAX + 1);
	put("trust.pem", 0644, many, "");
	assert_int_equal(factory_load(&f, dir, &why), -EFBIG);
	clear();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(factory_load__takes_what_the_import_writes),
		cmocka_unit_test(factory_load__is_absent_without_a_chain),
		cmocka_unit_test(factory_load__refuses),
		cmocka_unit_test(factory_load__has_limits),
	};

	return cmocka_run_group_tests(tests, make_all, unmake_all);
}
