/* bench_hash [MIB]: seconds for two digests of one image together, and for the slower of them
 * alone, in turns: "hash_round BOTH ALONE s". */
#include <stdio.h>

#include "base/clock.h"
#include "base/parse.h"
#include "crypto/hash.h"

#define PIECE  ((size_t)1024 * 1024)
#define ROUNDS 5

static uint8_t piece[PIECE];

static double seconds(unsigned algs, unsigned mib)
{
	CLEANUP(hash_set_freep) struct hash_set *s = NULL;
	struct digests d;
	uint64_t start = clock_monotonic_us();

	if (hash_set_new(&s, algs) < 0)
		abort();
	for (unsigned i = 0; i < mib; i++)
		if (hash_set_update(s, span_of(piece, PIECE)) < 0)
			abort();
	hash_set_final(s, &d);
	return (double)(clock_monotonic_us() - start) / 1e6;
}

int main(int argc, char *argv[])
{
	uint32_t mib = 256;

	if (argc > 2 || (argc == 2 && !parse_u32(span_str(argv[1]), &mib)))
		return 2;
	for (int round = 0; round < ROUNDS; round++) {
		double a = seconds(HASH_BIT(HASH_SHA256), mib);
		double b = seconds(HASH_BIT(HASH_SHA512), mib);
		double both = seconds(HASH_BIT(HASH_SHA256) | HASH_BIT(HASH_SHA512), mib);

		(void)printf("hash_round %.4f %.4f s\n", both, a > b ? a : b);
	}
	return 0;
}
