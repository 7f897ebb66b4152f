#include "reuse.h"

#include <sys/mman.h>

#include "fw/chunks.h"
#include "pass.h"
#include "verify.h"

#define INDEX_STEP   ((size_t)64 * 1024) /* of the index at once: some MiB to compare */
#define RANGES_STEP  ((size_t)256)
#define PROGRESS_ALL ((uint64_t)16 * 1024 * 1024) /* told after as many octets */

struct reuse {
	struct proto_chunks plan;
	struct chunks_map map;
	uint64_t begin[PROTO_IMAGES + 1]; /* of each image among all, and the end of the last */
	int fds[PROTO_IMAGES];            /* of the running slot; -1: no such component */
	uint8_t *piece;
	uint64_t window; /* what `piece` holds begins here; UINT64_MAX: nothing yet */
};

static int open_running(struct reuse *u, struct backend *b)
{
	bool any = false;

	for (uint32_t i = 0; i < u->plan.n; i++) {
		int r = b->ops->open(b, u->plan.images[i].component, BACKEND_RUNNING,
				     u->plan.images[i].size, &u->fds[i]);

		if (r < 0 && r != -ENOENT)
			return r;
		any = any || r == 0;
	}
	return any ? 0 : -ENOENT;
}

static int reuse_open(struct reuse *u, struct backend *b)
{
	struct chunks_form form = {.octets = u->plan.octets};
	int r;

	for (uint32_t i = 0; i < u->plan.n; i++) {
		if (u->plan.images[i].size > INT64_MAX - form.size)
			return -EINVAL;
		form.size += u->plan.images[i].size;
		u->begin[i + 1] = form.size;
	}
	r = chunks_map_init(&u->map, &form);
	if (r == 0 && chunks_index_size(&form) != u->plan.size)
		r = -EINVAL;
	return r < 0 ? r : open_running(u, b);
}

int reuse_new(struct reuse **ret, const struct proto_chunks *c, struct backend *b, uint8_t *piece)
{
	CLEANUP(reuse_freep) struct reuse *u = calloc(1, sizeof(*u));
	int r;

	if (!u)
		return -ENOMEM;
	u->plan = *c;
	u->piece = piece;
	u->window = UINT64_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(u->fds); i++)
		u->fds[i] = -1;
	r = reuse_open(u, b);
	if (r < 0)
		return r;
	*ret = u;
	u = NULL;
	return 0;
}

struct reuse *reuse_free(struct reuse *u)
{
	if (!u)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(u->fds); i++)
		closep(&u->fds[i]);
	chunks_map_done(&u->map);
	free(u);
	return NULL;
}

int reuse_read(const struct reuse *u, uint32_t image, uint64_t at, uint8_t *to, size_t n)
{
	while (n > 0 && u->fds[image] >= 0) {
		ssize_t done = pread(u->fds[image], to, n, (off_t)at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (done == 0)
			break;
		to += done;
		at += (uint64_t)done;
		n -= (size_t)done;
	}
	memset(to, 0, n);
	return 0;
}

/* ---- comparing ---- */

_Static_assert(REUSE_PIECE >= CHUNKS_OCTETS_MAX && REUSE_PIECE >= PASS_PIECE, "room for a chunk");

/* The piece around `at` of all images; whole chunks, since both are powers of two. */
static int load(struct reuse *u, uint64_t at)
{
	uint64_t end = u->map.form.size;
	int r = 0;

	u->window = at - at % REUSE_PIECE;
	if (end - u->window > REUSE_PIECE)
		end = u->window + REUSE_PIECE;
	for (uint32_t i = 0; r == 0 && i < u->plan.n; i++) {
		uint64_t from = u->begin[i] > u->window ? u->begin[i] : u->window;
		uint64_t to = u->begin[i + 1] < end ? u->begin[i + 1] : end;

		if (from < to)
			r = reuse_read(u, i, from - u->begin[i], u->piece + (from - u->window),
				       (size_t)(to - from));
	}
	return r;
}

static int compare(void *arg, uint64_t chunk, const uint8_t *digest)
{
	struct reuse *u = arg;
	uint64_t at = chunk * u->map.form.octets, left = u->map.form.size - at;
	size_t n = left < u->map.form.octets ? (size_t)left : u->map.form.octets;
	uint8_t own[CHUNKS_DIGEST];
	int r = at - at % REUSE_PIECE == u->window ? 0 : load(u, at);

	if (r == 0)
		r = hash_once(HASH_SHA256, span_of(u->piece + (at - u->window), n), own);
	if (r == 0 && memcmp(own, digest, sizeof(own)) == 0)
		chunks_map_hold(&u->map, chunk);
	return r;
}

/* 1: a piece of the index has been compared; 0: it is at its end. */
static int read_index(struct reuse *u, int pipe, struct chunks_reader *reader,
		      struct hash_set *hashes, uint8_t room[INDEX_STEP])
{
	ssize_t n = read(pipe, room, INDEX_STEP);
	int r;

	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	if (n == 0)
		return chunks_read_all(reader) ? 0 : -EBADMSG;
	r = hash_set_update(hashes, span_of(room, (size_t)n));
	if (r == 0)
		r = chunks_read(reader, span_of(room, (size_t)n), compare, u);
	return r < 0 ? r : 1;
}

static int read_all(struct reuse *u, int pipe, int control, struct hash_set *hashes,
		    uint8_t room[INDEX_STEP], void (*progress)(uint64_t octets))
{
	struct chunks_reader reader = {.form = u->map.form};
	uint64_t told = 0;
	int r;

	do {
		r = pass_wait(pipe, control);
		if (r == 0)
			r = read_index(u, pipe, &reader, hashes, room);
		if (u->window != UINT64_MAX && u->window - told >= PROGRESS_ALL) {
			told = u->window;
			progress(told);
		}
	} while (r > 0);
	return r;
}

int reuse_compare(struct reuse *u, int pipe, int control, void (*progress)(uint64_t octets))
{
	CLEANUP(hash_set_freep) struct hash_set *hashes = NULL;
	CLEANUP(freep) uint8_t *room = malloc(INDEX_STEP);
	int r = room ? hash_set_new(&hashes, u->plan.digests.algs) : -ENOMEM;

	if (r == 0)
		r = read_all(u, pipe, control, hashes, room, progress);
	if (r == 0 && !verify_digests(&u->plan.digests, hashes))
		r = -EBADMSG;
	if (r == 0)
		chunks_map_thin(&u->map, REUSE_RANGES_MAX);
	return r;
}

uint64_t reuse_missing(const struct reuse *u)
{
	uint64_t octets;

	(void)chunks_map_missing(&u->map, 0, u->map.form.size, &octets);
	return octets;
}

/* ---- an image ---- */

bool reuse_fits(const struct reuse *u, uint32_t image, const struct proto_image *i)
{
	return image < u->plan.n && i->size == u->plan.images[image].size && !i->is_sealed &&
	       strcmp(i->component, u->plan.images[image].component) == 0;
}

size_t reuse_run(const struct reuse *u, uint32_t image, uint64_t at, size_t max, bool *ret_held)
{
	uint64_t from = u->begin[image] + at, end = u->begin[image + 1];

	return (size_t)chunks_map_run(&u->map, from, end - from < max ? end : from + max, ret_held);
}

static int write_ranges(const struct reuse *u, uint32_t image, uint64_t at, uint32_t *ret_n, int fd)
{
	const uint64_t size = u->begin[image + 1] - u->begin[image];
	struct proto_range ranges[RANGES_STEP];
	size_t have = 0;
	int r = 0;

	while (r == 0 && at < size) {
		bool held;
		uint64_t n =
			chunks_map_run(&u->map, u->begin[image] + at, u->begin[image + 1], &held);

		if (!held) {
			ranges[have++] = (struct proto_range){at, n};
			(*ret_n)++;
		}
		at += n;
		if (have == RANGES_STEP || at == size) {
			r = span_put_file(span_of(ranges, have * sizeof(ranges[0])), fd);
			have = 0;
		}
	}
	return r;
}

int reuse_ranges(const struct reuse *u, uint32_t image, uint64_t from, uint32_t *ret_n, int *ret_fd)
{
	CLEANUP(closep) int fd = memfd_create("ranges", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	*ret_n = 0;
	r = write_ranges(u, image, from, ret_n, fd);
	if (r == 0)
		*ret_fd = fd_take(&fd);
	return r;
}
