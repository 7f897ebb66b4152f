#include "verify.h"

#include <fcntl.h>

#include "pass.h"

#define ALIGNMENT ((size_t)4096) /* of memory and places, for reading past the cache */

static void direct(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT);
}

static int read_piece(int fd, uint8_t *to, uint64_t at, size_t *ret)
{
	ssize_t n = pread(fd, to, PASS_PIECE, (off_t)at);

	if (n < 0 && errno == EINVAL) { /* not here, or not at this end */
		direct(fd, false);
		n = pread(fd, to, PASS_PIECE, (off_t)at);
	}
	if (n <= 0)
		return n < 0 ? -errno : -EILSEQ; /* it is shorter than it was */
	*ret = (size_t)n;
	return 0;
}

static int hash_all(int fd, uint64_t octets, struct hash_set *h, uint8_t *piece, int control)
{
	uint64_t at = 0;

	while (at < octets) {
		size_t n = 0;
		int r = pass_is_alone(control) ? -ECANCELED : read_piece(fd, piece, at, &n);

		if (r == 0 && n > octets - at)
			n = (size_t)(octets - at);
		if (r == 0)
			r = hash_set_update(h, span_of(piece, n));
		if (r < 0)
			return r;
		at += n;
	}
	return 0;
}

bool verify_digests(const struct proto_digests *want, struct hash_set *hashes)
{
	struct digests a = {.algs = want->algs}, b;

	_Static_assert(sizeof(a.b) == sizeof(want->b), "the same digests on both sides");
	memcpy(a.b, want->b, sizeof(a.b));
	hash_set_final(hashes, &b);
	return digests_match(&a, &b);
}

int verify_written(int fd, uint64_t octets, const struct proto_digests *want, int control)
{
	CLEANUP(hash_set_freep) struct hash_set *h = NULL;
	CLEANUP(freep) uint8_t *piece = aligned_alloc(ALIGNMENT, PASS_PIECE);
	int r = piece ? hash_set_new(&h, want->algs) : -ENOMEM;

	if (r < 0)
		return r;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	direct(fd, true);
	r = hash_all(fd, octets, h, piece, control);
	direct(fd, false);
	if (r < 0)
		return r;
	return verify_digests(want, h) ? 0 : -EILSEQ;
}
