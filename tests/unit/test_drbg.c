/* crypto/drbg: vectors of the NIST validation programme (CAVS 14.3, HMAC_DRBG.rsp, SHA-256, no
 * reseeding, no personalisation): two requests of 128 octets, of which the second counts. */
#include "test.h"

#include "base/parse.h"
#include "crypto/drbg.h"

#define OUT ((size_t)128)

static const struct {
	const char *name, *entropy, *nonce, *want;
} VECTORS[] = {
	{"no_reseed COUNT 0", "ca851911349384bffe89de1cbdc46e6831e44d34a4fb935ee285dd14b71a7488",
	 "659ba96c601dc69fc902940805ec0ca8", "e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89"
	 "d54fbb978a15b5c443c9ec21036d2460b6f73ebad0dc2aba6e624abf07745bc1"
	 "07694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde0668"
	 "961df86803482cb37ed6d5c0bb8d50cf1f50d476aa0458bdaba806f48be9dcb8"},
	{"no_reseed COUNT 1", "79737479ba4e7642a221fcfd1b820b134e9e3540a35bb48ffae29c20f5418ea3",
	 "3593259c092bef4129bc2c6c9e19f343", "cf5ad5984f9e43917aa9087380dac46e410ddc8a7731859c84e9d0f31bd43655"
	 "b924159413e2293b17610f211e09f770f172b8fb693a35b85d3b9e5e63b1dc25"
	 "2ac0e115002e9bedfb4b5b6fd43f33b8e0eafb2d072e1a6fee1f159df9b51e6c"
	 "8da737e60d5032dd30544ec51558c6f080bdbdab1de8a939e961e06b5f1aca37"},
};

static void drbg_generate__gives_the_published_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(VECTORS); i++) {
		uint8_t entropy[32], nonce[16], out[OUT];
		char text[2 * OUT + 1];
		struct drbg d;

		assert_true(hex_decode(span_str(VECTORS[i].entropy), entropy, sizeof(entropy)));
		assert_true(hex_decode(span_str(VECTORS[i].nonce), nonce, sizeof(nonce)));
		assert_int_equal(drbg_seed(&d, span_of(entropy, 32), span_of(nonce, 16)), 0);
		assert_int_equal(drbg_generate(&d, out, OUT), 0);
		assert_int_equal(drbg_generate(&d, out, OUT), 0);
		hex_encode(span_of(out, OUT), text);
		if (strcmp(text, VECTORS[i].want) != 0)
			fail_msg("%s: %s", VECTORS[i].name, text);
	}
}

static void drbg__keeps_to_its_limits(void **state)
{
	static uint8_t out[DRBG_GENERATE_MAX + 1];
	const uint8_t seed[DRBG_SEED_MAX + 1] = {1};
	struct drbg d;

	(void)state;
	assert_int_equal(drbg_seed(&d, span_of(seed, 31), span_of(seed, 16)), -EINVAL);
	assert_int_equal(drbg_seed(&d, span_of(seed, 32), span_of(seed, 15)), -EINVAL);
	assert_int_equal(drbg_seed(&d, span_of(seed, 49), span_of(seed, 16)), -EINVAL);
	assert_int_equal(drbg_seed(&d, span_of(seed, 65), span_of(seed, 16)), -EINVAL);
	assert_int_equal(drbg_seed(&d, span_of(seed, 48), span_of(seed, 16)), 0);
	assert_int_equal(drbg_generate(&d, out, sizeof(out)), -EINVAL);
	assert_int_equal(drbg_generate(&d, out, sizeof(out) - 1), 0);
	drbg_wipe(&d);
	for (size_t i = 0; i < sizeof(d.key); i++)
		assert_int_equal(d.key[i] | d.v[i], 0);
}

static void drbg_fill__never_repeats(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	drbg_fill(a, sizeof(a));
	drbg_fill(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drbg_generate__gives_the_published_vectors),
		cmocka_unit_test(drbg__keeps_to_its_limits),
		cmocka_unit_test(drbg_fill__never_repeats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
