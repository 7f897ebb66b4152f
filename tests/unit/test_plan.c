/* fw/plan: URLs, components and digests of what an accepted manifest asks for. */
#include "test.h"

#include "crypto/jwe.h"
#include "fw/plan.h"

#define URL "http://h/.well-known/firmware/m/x/manifest.json"

static struct manifest manifest;
static struct plan plan;

static void fixture(size_t n)
{
	manifest = (struct manifest){
		.location = "images/",
		.version = {{2, 0, 1}},
		.size = 30,
		.digests = {								  .algs = HASH_BIT(HASH_SHA256)        },
		.n_images = n,
		.images = { {.name = "boot",
			    .location = "boot.img",
			    .size = 10,
			    .digests.algs = HASH_BIT(HASH_SHA512)},
			    {.name = "root",
			    .location = "../root.img",
			    .size = 20,
			    .slot = "rootfs",
			    .digests.algs = HASH_BIT(HASH_SHA256)}},
	};
}

static void plan_make__resolves_each_image(void **state)
{
	(void)state;
	fixture(2);
	assert_int_equal(plan_make(&manifest, URL, NULL, &plan), FWE_OK);
	assert_int_equal(plan.n, 2);
	assert_int_equal(plan.size, 30);
	assert_int_equal(plan.digests.algs, HASH_BIT(HASH_SHA256));
	assert_string_equal(plan.images[0].url,
			    "http://h/.well-known/firmware/m/x/images/boot.img");
	assert_string_equal(plan.images[0].component, "boot");
	assert_int_equal(plan.images[0].digests.algs, HASH_BIT(HASH_SHA512));
	assert_string_equal(plan.images[1].url, "http://h/.well-known/firmware/m/x/root.img");
	assert_string_equal(plan.images[1].component, "rootfs");
	assert_int_equal(plan.images[1].size, 20);
}

static void plan_make__finds_a_direct_image_behind_its_manifest(void **state)
{
	(void)state;
	fixture(1);
	manifest.location = "#image";
	manifest.direct = true;
	manifest.images[0].name = NULL;
	assert_int_equal(plan_make(&manifest, URL, NULL, &plan), FWE_OK);
	assert_string_equal(plan.images[0].url, URL);
}

static void plan_make__hashes_the_only_image_once(void **state)
{
	(void)state;
	fixture(1);
	manifest.location = "http://other.example/fw.img";
	manifest.images[0].name = NULL;
	assert_int_equal(plan_make(&manifest, URL, NULL, &plan), FWE_OK);
	assert_string_equal(plan.images[0].url, "http://other.example/fw.img");
	assert_string_equal(plan.images[0].component, "firmware");
	assert_int_equal(plan.images[0].digests.algs, 0);
	fixture(1); /* a list of one may say more than the whole */
	assert_int_equal(plan_make(&manifest, URL, NULL, &plan), FWE_OK);
	assert_int_equal(plan.images[0].digests.algs, HASH_BIT(HASH_SHA512));
}

static void plan_make__finds_the_index_beside_the_image(void **state)
{
	static const struct fw_chunk_index INDEX = {.location = "fw.chunks",
						    .size = 52,
						    .octets = 4096,
						    .digests.algs = HASH_BIT(HASH_SHA384)};

	(void)state;
	fixture(2);
	assert_int_equal(plan_make(&manifest, URL, NULL, &plan), FWE_OK);
	assert_string_equal(plan.index.url, "");
	manifest.chunks = INDEX;
	assert_int_equal(plan_make(&manifest, URL, NULL, &plan), FWE_OK);
	assert_string_equal(plan.index.url, "http://h/.well-known/firmware/m/x/images/fw.chunks");
	assert_int_equal(plan.index.size, 52);
	assert_int_equal(plan.index.octets, 4096);
	assert_int_equal(plan.index.digests.algs, HASH_BIT(HASH_SHA384));
	fixture(1);
	manifest.chunks = INDEX;
	manifest.location = "http://other.example/a/fw.img";
	manifest.images[0].name = NULL;
	assert_int_equal(plan_make(&manifest, URL, NULL, &plan), FWE_OK);
	assert_string_equal(plan.index.url, "http://other.example/a/fw.chunks");
	manifest.chunks.location = "ftp://h/x";
	assert_int_equal(plan_make(&manifest, URL, NULL, &plan), FWE_MANIFEST_LOCATION_SCHEME);
}

/* Both find the same, as long as no key is needed. */
static enum fw_error try(const char *url)
{
	enum fw_error e = plan_make(&manifest, url, NULL, &plan);

	assert_int_equal(plan_check(&manifest, url), e);
	return e;
}

static void plan_make__refuses(void **state)
{
	static const char *const SLOTS[] = {"", "two words", "a\nb", "gr\303\274n", "a\177"};

	(void)state;
	fixture(2);
	manifest.images[0].slot = "rootfs";
	assert_int_equal(try(URL), FWE_MANIFEST_IMAGE_LIST_INVALID);
	for (size_t i = 0; i < ARRAY_SIZE(SLOTS); i++) {
		fixture(2);
		manifest.images[0].slot = SLOTS[i];
		if (try(URL) != FWE_MANIFEST_IMAGE_LIST_INVALID)
			fail_msg("'%s'", SLOTS[i]);
	}
	fixture(2);
	manifest.images[1].format = "tar";
	assert_int_equal(try(URL), FWE_IMAGE_FORMAT_UNSUPPORTED);
	fixture(2);
	manifest.format = "rauc";
	assert_int_equal(try(URL), FWE_IMAGE_FORMAT_UNSUPPORTED);
	fixture(2);
	manifest.format = "raw";
	manifest.images[0].format = "raw";
	assert_int_equal(plan_make(&manifest, URL, NULL, &plan), FWE_OK);
	manifest.images[0].location = "ftp://h/x";
	assert_int_equal(try(URL), FWE_MANIFEST_LOCATION_SCHEME);
	fixture(2);
	assert_int_equal(try("not a url"), FWE_MANIFEST_LOCATION_INVALID);
}

/* A key of 32 octets for this device, one for another, one that is too short. */
static void plan_make__opens_the_key_of_an_encrypted_image(void **state)
{
	static const uint8_t IKM[32] = {7};
	CLEANUP(enc_key_freep) struct enc_key *ours = NULL, *theirs = NULL;
	CLEANUP(buf_done) struct buf good = BUF_INIT(2048), other = good, brief = good;
	struct enc_ring ring = {.n = 1};

	(void)state;
	assert_int_equal(enc_key_generate(ENC_ECDH_A256KW, EC_P256, 0, &ours), 0);
	assert_int_equal(enc_key_generate(ENC_ECDH_A256KW, EC_P256, 0, &theirs), 0);
	ring.keys[0] = ours;
	assert_int_equal(jwe_encrypt(ours, ENC_A256GCM, NULL, NULL, span_of(IKM, 32), &good), 0);
	assert_int_equal(jwe_encrypt(theirs, ENC_A256GCM, NULL, NULL, span_of(IKM, 32), &other), 0);
	assert_int_equal(jwe_encrypt(ours, ENC_A256GCM, NULL, NULL, span_of(IKM, 31), &brief), 0);
	buf_put_byte(&good, 0);
	buf_put_byte(&other, 0);
	buf_put_byte(&brief, 0);
	fixture(2);
	manifest.images[1].encryption.size = 99;
	manifest.images[1].encryption.digests.algs = HASH_BIT(HASH_SHA256);
	manifest.images[1].encryption.key = (const char *)good.ptr;
	manifest.chunks = (struct fw_chunk_index){"fw.chunks", 52, 4096, {0}};
	assert_int_equal(plan_make(&manifest, URL, &ring, &plan), FWE_OK);
	assert_string_equal(plan.index.url, ""); /* encrypted octets have no equals */
	assert_int_equal(plan.images[0].ikm.len, 0);
	assert_int_equal(plan.images[1].ikm.len, 32);
	assert_memory_equal(plan.images[1].ikm.b, IKM, 32);
	assert_int_equal(plan.images[1].sealed_size, 99);
	assert_int_equal(plan.images[1].sealed.algs, HASH_BIT(HASH_SHA256));
	plan_done(&plan);
	assert_int_equal(plan.images[1].ikm.b[0], 0);
	assert_int_equal(plan_make(&manifest, URL, NULL, &plan), FWE_IMAGE_DECRYPT_FAILED);
	assert_int_equal(plan_check(&manifest, URL), FWE_OK);
	manifest.images[1].encryption.key = (const char *)other.ptr;
	assert_int_equal(plan_make(&manifest, URL, &ring, &plan), FWE_IMAGE_DECRYPT_FAILED);
	manifest.images[1].encryption.key = (const char *)brief.ptr;
	assert_int_equal(plan_make(&manifest, URL, &ring, &plan), FWE_IMAGE_DECRYPT_FAILED);
	manifest.images[1].encryption.key = "no JWE";
	assert_int_equal(plan_make(&manifest, URL, &ring, &plan), FWE_IMAGE_DECRYPT_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan_make__opens_the_key_of_an_encrypted_image),
		cmocka_unit_test(plan_make__resolves_each_image),
		cmocka_unit_test(plan_make__finds_a_direct_image_behind_its_manifest),
		cmocka_unit_test(plan_make__hashes_the_only_image_once),
		cmocka_unit_test(plan_make__finds_the_index_beside_the_image),
		cmocka_unit_test(plan_make__refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
