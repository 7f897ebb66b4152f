/* ocf-fw-write/reuse: a version made of the octets of the last one, and of what is missing. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "crypto/hash.h"
#include "daemons/ocf-fw-write/config.h"
#include "fw/chunks.h"

#define CHUNK ((size_t)CHUNKS_OCTETS)
#define ROOM  ((size_t)4 * 1024 * 1024)

static size_t chunk; /* octets of one in the index */
static struct config config;
static struct backend *backend;
static struct install *install;

static int make_dir(void **state)
{
	(void)state;
	chunk = CHUNK;
	config = (struct config){.install = {.components = "firmware rootfs"}};
	(void)snprintf(config.slots.directory, sizeof(config.slots.directory),
		       "/tmp/ocf-reuse-XXXXXX");
	(void)snprintf(config.slots.boot_id_file, sizeof(config.slots.boot_id_file),
		       "/proc/sys/kernel/random/boot_id");
	return mkdtemp(config.slots.directory) && slots_open(&backend, &config.slots) == 0 &&
			       install_new(&install, &config.install, backend, NULL, -1) == 0
		       ? 0
		       : -1;
}

static int remove_dir(void **state)
{
	char command[SLOTS_PATH_MAX + 16];

	(void)state;
	install = install_free(install);
	backend = backend_free(backend);
	(void)snprintf(command, sizeof(command), "rm -r %s", config.slots.directory);
	return system(command); /* NOLINT(cert-env33-c): our own words */
}

/* Octets that differ from chunk to chunk. */
static struct buf octets(size_t n, uint32_t seed)
{
	struct buf b = BUF_INIT(ROOM);

	for (size_t i = 0; i < n; i++)
		buf_put_byte(&b, (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24));
	return b;
}

static void put_octets(int fd, struct span data)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.ptr, data.len);

		if (n <= 0)
			_exit(0); /* nobody wants the rest */
		data = span_skip(data, (size_t)n);
	}
}

/* A pipe that another process fills. */
static int pipe_of(struct span data)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(ends[0]);
		(void)signal(SIGPIPE, SIG_IGN);
		put_octets(ends[1], data);
		_exit(0);
	}
	(void)close(ends[1]);
	return ends[0];
}

static void end_pipe(int fd)
{
	(void)close(fd);
	(void)wait(NULL);
}

static void ignore(uint64_t n)
{
	(void)n;
}

static struct proto_digests digests_of(struct span data)
{
	struct proto_digests d = {.algs = HASH_BIT(HASH_SHA256)};

	assert_int_equal(hash_once(HASH_SHA256, data, d.b[HASH_SHA256]), 0);
	return d;
}

static struct buf index_of(struct span all)
{
	struct buf b = BUF_INIT(ROOM);

	chunks_put_head(&(struct chunks_form){(uint32_t)chunk, all.len}, &b);
	for (struct span rest = all; rest.len > 0; rest = span_skip(rest, chunk)) {
		uint8_t digest[CHUNKS_DIGEST];
		size_t n = rest.len < chunk ? rest.len : chunk;

		assert_int_equal(hash_once(HASH_SHA256, span_of(rest.ptr, n), digest), 0);
		buf_put(&b, span_of(digest, sizeof(digest)));
	}
	return b;
}

static void begin(struct span all, uint32_t images)
{
	struct proto_begin b = {
		.version = "1.0.0", .images = images, .size = all.len, .digests = digests_of(all)};
	struct proto_done d;

	install_begin(install, &b, &d);
	assert_int_equal(d.error, FWE_OK);
}

static struct proto_image image_of(const char *component, struct span data, bool reuse)
{
	struct proto_image i = {.size = data.len, .digests = digests_of(data), .reuse = reuse};

	(void)snprintf(i.component, sizeof(i.component), "%s", component);
	return i;
}

static enum fw_error take(const struct proto_image *i, struct span data)
{
	int fd = pipe_of(data);
	struct proto_done d;

	install_image(install, i, fd, &(struct install_tell){.progress = ignore}, &d);
	end_pipe(fd);
	return (enum fw_error)d.error;
}

static void commit(void)
{
	struct proto_done d;

	install_commit(install, 0, &d);
	assert_int_equal(d.error, FWE_OK);
}

/* The version that runs: image `a` as firmware, `b` (if there is one) as rootfs. */
static void run_version(struct span a, struct span b)
{
	struct buf all CLEANUP(buf_done) = BUF_INIT(ROOM);
	struct proto_image i = image_of("firmware", a, false);

	buf_put(&all, a);
	buf_put(&all, b);
	begin(buf_span(&all), b.len > 0 ? 2 : 1);
	assert_int_equal(take(&i, a), FWE_OK);
	i = image_of("rootfs", b, false);
	if (b.len > 0)
		assert_int_equal(take(&i, b), FWE_OK);
	commit();
}

static const char *component = "firmware"; /* the component of the first image */

/* The index of all images, by way of the pipe; its answer. */
static struct proto_done compare(struct span a, struct span b, struct span index)
{
	struct proto_chunks c = {.octets = (uint32_t)chunk, .n = b.len > 0 ? 2 : 1};
	struct buf all CLEANUP(buf_done) = BUF_INIT(ROOM);
	struct buf want CLEANUP(buf_done) = BUF_INIT(ROOM);
	struct proto_done d;
	int fd = pipe_of(index);

	buf_put(&all, a);
	buf_put(&all, b);
	want = index_of(buf_span(&all));
	c.size = want.len;
	(void)snprintf(c.images[0].component, PROTO_LABEL, "%s", component);
	(void)snprintf(c.images[1].component, PROTO_LABEL, "rootfs");
	c.images[0].size = a.len;
	c.images[1].size = b.len;
	c.digests = digests_of(buf_span(&want));
	install_chunks(install, &c, fd, ignore, &d);
	end_pipe(fd);
	return d;
}

/* What the ranges of `i` are, out of `data`, appended to *out. */
static uint32_t fetch(const struct proto_image *i, struct span data, struct buf *out)
{
	CLEANUP(closep) int fd = -1;
	struct proto_range r;
	uint64_t end = 0;
	uint32_t n = 0;

	assert_int_equal(install_ranges(install, i, &n, &fd), 0);
	for (uint32_t k = 0; k < n; k++) {
		assert_int_equal(pread(fd, &r, sizeof(r), (off_t)(k * sizeof(r))), sizeof(r));
		assert_true(r.length > 0 && (k == 0 || r.offset > end));
		end = r.offset + r.length;
		assert_true(end <= data.len);
		buf_put(out, span_of(data.ptr + r.offset, (size_t)r.length));
	}
	assert_int_equal(pread(fd, &r, sizeof(r), (off_t)(n * sizeof(r))), 0);
	return n;
}

static bool slot_holds(const char *name, struct span want)
{
	char path[SLOTS_PATH_MAX + 32];
	struct buf got CLEANUP(buf_done) = BUF_INIT(ROOM);
	CLEANUP(closep) int fd = -1;
	uint8_t *at;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/current/%s", config.slots.directory, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while ((at = buf_room(&got, 65536)) && (n = read(fd, at, 65536)) > 0)
		got.len += (size_t)n;
	return span_eq(buf_span(&got), want);
}

static void install_image__needs_only_what_changed(void **state)
{
	struct buf old CLEANUP(buf_done) = octets(600 * CHUNK + 100, 1), missing = BUF_INIT(ROOM);
	struct buf index = BUF_INIT(ROOM);
	const struct span none = {0};
	struct proto_image i;
	struct proto_done d;

	(void)state;
	run_version(buf_span(&old), none);
	for (size_t k = 3; k < 600; k += 100) /* over the bounds of pieces, too */
		old.ptr[k * CHUNK] ^= 1;
	old.ptr[255 * CHUNK] ^= 1;
	old.ptr[256 * CHUNK] ^= 1;
	old.ptr[old.len - 1] ^= 1;
	begin(buf_span(&old), 1);
	index = index_of(buf_span(&old));
	d = compare(buf_span(&old), none, buf_span(&index));
	assert_int_equal(d.error, FWE_OK);
	assert_int_equal(d.octets, 8 * CHUNK + 100);
	i = image_of("firmware", buf_span(&old), true);
	assert_int_equal(fetch(&i, buf_span(&old), &missing), 8);
	assert_int_equal(missing.len, d.octets);
	assert_int_equal(take(&i, buf_span(&missing)), FWE_OK);
	commit();
	assert_true(slot_holds("firmware", buf_span(&old)));
	buf_done(&missing);
	buf_done(&index);
}

static void install_image__takes_the_largest_chunks(void **state)
{
	struct buf old CLEANUP(buf_done) = octets(2 * CHUNKS_OCTETS_MAX + 100, 1);
	struct buf missing = BUF_INIT(ROOM), index;
	const struct span none = {0};
	struct proto_image i;
	struct proto_done d;

	(void)state;
	chunk = CHUNKS_OCTETS_MAX;
	run_version(buf_span(&old), none);
	old.ptr[2 * chunk - 1] ^= 1;
	index = index_of(buf_span(&old));
	begin(buf_span(&old), 1);
	d = compare(buf_span(&old), none, buf_span(&index));
	assert_int_equal(d.error, FWE_OK);
	assert_int_equal(d.octets, chunk);
	i = image_of("firmware", buf_span(&old), true);
	assert_int_equal(fetch(&i, buf_span(&old), &missing), 1);
	assert_int_equal(take(&i, buf_span(&missing)), FWE_OK);
	commit();
	assert_true(slot_holds("firmware", buf_span(&old)));
	buf_done(&missing);
	buf_done(&index);
}

/* The first image grows, so everything in the index moves; the second finds its own component. */
static void install_image__compares_by_component(void **state)
{
	struct buf a CLEANUP(buf_done) = octets(10 * CHUNK + 7, 1);
	struct buf b CLEANUP(buf_done) = octets(300 * CHUNK, 2);
	struct buf grown CLEANUP(buf_done) = octets(12 * CHUNK + 9, 1);
	struct buf all = BUF_INIT(ROOM), missing = BUF_INIT(ROOM), index;
	struct proto_image first, second;
	struct proto_done d;

	(void)state;
	run_version(buf_span(&a), buf_span(&b));
	b.ptr[150 * CHUNK] ^= 1;
	buf_put(&all, buf_span(&grown));
	buf_put(&all, buf_span(&b));
	index = index_of(buf_span(&all));
	begin(buf_span(&all), 2);
	d = compare(buf_span(&grown), buf_span(&b), buf_span(&index));
	assert_int_equal(d.error, FWE_OK);
	assert_true(d.octets <= 5 * CHUNK);
	first = image_of("firmware", buf_span(&grown), true);
	second = image_of("rootfs", buf_span(&b), true);
	assert_int_equal(fetch(&first, buf_span(&grown), &missing), 1);
	assert_int_equal(take(&first, buf_span(&missing)), FWE_OK);
	buf_reset(&missing);
	assert_int_equal(fetch(&second, buf_span(&b), &missing), 2); /* and a chunk they share */
	assert_int_equal(take(&second, buf_span(&missing)), FWE_OK);
	commit();
	assert_true(slot_holds("firmware", buf_span(&grown)));
	assert_true(slot_holds("rootfs", buf_span(&b)));
	buf_done(&all);
	buf_done(&missing);
	buf_done(&index);
}

/* Each time the slot that runs stays the only good one. */
static void install_chunks__takes_what_was_signed(void **state)
{
	struct buf old CLEANUP(buf_done) = octets(20 * CHUNK, 1), other = octets(20 * CHUNK, 2);
	struct buf index = index_of(buf_span(&old)), lie = index_of(buf_span(&other));
	const struct span none = {0}, data = buf_span(&old);
	const struct span cut = span_of(index.ptr, index.len - 1);
	const struct span beheaded = span_skip(buf_span(&index), 1);
	const struct {
		const char *name;
		struct span index;
		enum fw_error want;
	} ROWS[] = {
		{"as signed",  buf_span(&index), FWE_OK                   },
		{"of another", buf_span(&lie),   FWE_IMAGE_DIGEST_MISMATCH},
		{"empty",      none,             FWE_IMAGE_DIGEST_MISMATCH},
		{"cut",        cut,              FWE_IMAGE_DIGEST_MISMATCH},
		{"other head", beheaded,         FWE_IMAGE_DIGEST_MISMATCH},
	};

	(void)state;
	run_version(data, none);
	for (size_t k = 0; k < ARRAY_SIZE(ROWS); k++) {
		struct proto_image i = image_of("firmware", data, true);
		CLEANUP(closep) int fd = -1;
		struct proto_done d;
		uint32_t n;

		begin(data, 1);
		d = compare(data, none, ROWS[k].index);
		if (d.error != ROWS[k].want)
			fail_msg("%s: %s", ROWS[k].name, fw_error_name((enum fw_error)d.error));
		if ((install_ranges(install, &i, &n, &fd) == 0) != (d.error == FWE_OK))
			fail_msg("%s: ranges", ROWS[k].name);
	}
	buf_put_byte(&index, 0);
	begin(data, 1);
	assert_int_equal(compare(data, none, buf_span(&index)).error, FWE_IMAGE_DIGEST_MISMATCH);
	assert_true(slot_holds("firmware", data));
	buf_done(&other);
	buf_done(&index);
	buf_done(&lie);
}

static void install_image__is_judged_as_ever(void **state)
{
	struct buf old CLEANUP(buf_done) = octets(20 * CHUNK, 1), good = BUF_INIT(ROOM), index;
	const struct span none = {0}, data = buf_span(&old);
	static const struct {
		const char *name;
		int more; /* octets */
		bool damage;
		enum fw_error want;
	} ROWS[] = {
		{"right",   0,  false, FWE_OK                   },
		{"damaged", 0,  true,  FWE_IMAGE_DIGEST_MISMATCH},
		{"short",   -1, false, FWE_IMAGE_SIZE_MISMATCH  },
		{"long",    1,  false, FWE_IMAGE_SIZE_MISMATCH  },
	};

	(void)state;
	run_version(data, none);
	old.ptr[7 * CHUNK] ^= 1;
	index = index_of(data);
	for (size_t k = 0; k < ARRAY_SIZE(ROWS); k++) {
		struct proto_image i = image_of("firmware", data, true);
		enum fw_error got;

		begin(data, 1);
		assert_int_equal(compare(data, none, buf_span(&index)).octets, CHUNK);
		buf_reset(&good);
		assert_int_equal(fetch(&i, data, &good), 1);
		good.ptr[5] = (uint8_t)(good.ptr[5] ^ ROWS[k].damage);
		if (ROWS[k].more > 0)
			buf_put_byte(&good, 0);
		got = take(&i, span_of(good.ptr, good.len - (ROWS[k].more < 0)));
		if (got != ROWS[k].want)
			fail_msg("%s: %s", ROWS[k].name, fw_error_name(got));
	}
	buf_done(&good);
	buf_done(&index);
}

/* Between the comparison and the copy the octets of the running slot become others. */
static void install_image__notices_a_slot_that_changes(void **state)
{
	struct buf old CLEANUP(buf_done) = octets(20 * CHUNK, 1), index = index_of(buf_span(&old));
	const struct span none = {0}, data = buf_span(&old);
	struct proto_image i = image_of("firmware", data, true);
	char path[SLOTS_PATH_MAX + 32];
	CLEANUP(closep) int fd = -1;

	(void)state;
	run_version(data, none);
	begin(data, 1);
	assert_int_equal(compare(data, none, buf_span(&index)).octets, 0);
	(void)snprintf(path, sizeof(path), "%s/current/firmware", config.slots.directory);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "?", 1, 5000), 1);
	assert_int_equal(take(&i, none), FWE_IMAGE_DIGEST_MISMATCH);
	buf_done(&index);
}

static void install_ranges__wants_the_image_of_the_index(void **state)
{
	struct buf old CLEANUP(buf_done) = octets(20 * CHUNK, 1), index = index_of(buf_span(&old));
	const struct span none = {0}, data = buf_span(&old);
	struct proto_image i = image_of("firmware", data, true);
	struct proto_done d;
	uint32_t n;
	int fd;

	(void)state;
	begin(data, 1);
	assert_int_equal(compare(data, none, buf_span(&index)).error, FWE_INSTALL_FAILED);
	run_version(data, none);
	begin(data, 1);
	assert_int_equal(install_ranges(install, &i, &n, &fd), -EINVAL);
	assert_int_equal(compare(data, none, buf_span(&index)).error, FWE_OK);
	i.size--;
	assert_int_equal(install_ranges(install, &i, &n, &fd), -EINVAL);
	i = image_of("rootfs", data, true);
	assert_int_equal(install_ranges(install, &i, &n, &fd), -EINVAL);
	i = image_of("firmware", data, true);
	i.is_sealed = 1;
	assert_int_equal(install_ranges(install, &i, &n, &fd), -EINVAL);
	begin(data, 1); /* forgets it */
	i.is_sealed = 0;
	assert_int_equal(install_ranges(install, &i, &n, &fd), -EINVAL);
	install_chunks(install, &(struct proto_chunks){.n = 2}, -1, ignore, &d);
	assert_int_equal(d.error, FWE_INTERNAL);
	component = "../current/firmware"; /* there, but nothing to read for whoever asks */
	assert_int_equal(compare(data, none, buf_span(&index)).error, FWE_INSTALL_FAILED);
	component = "firmware";
	buf_done(&index);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(install_image__needs_only_what_changed),
		TEST(install_image__takes_the_largest_chunks),
		TEST(install_image__compares_by_component),
		TEST(install_chunks__takes_what_was_signed),
		TEST(install_image__is_judged_as_ever),
		TEST(install_image__notices_a_slot_that_changes),
		TEST(install_ranges__wants_the_image_of_the_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
