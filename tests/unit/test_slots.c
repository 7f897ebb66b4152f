/* ocf-fw-write/slots: the order of steps, each refusal by its name, and what is left behind. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>

#include "crypto/ece.h"
#include "crypto/enc.h"
#include "crypto/hash.h"
#include "daemons/ocf-fw-write/config.h"

static struct config config;

/* An installer over the folder, as in the program. */
struct writer {
	struct backend *b;
	struct install *n;
};

static int writer_open(struct writer *w, int control)
{
	int r = slots_open(&w->b, &config.slots);

	return r < 0 ? r : install_new(&w->n, &config.install, w->b, NULL, control);
}

static void writer_close(struct writer *w)
{
	w->n = install_free(w->n);
	w->b = backend_free(w->b);
}

static int make_dir(void **state)
{
	(void)state;
	config = (struct config){.install = {.components = "firmware rootfs"}};
	(void)snprintf(config.slots.directory, sizeof(config.slots.directory),
		       "/tmp/ocf-slots-XXXXXX");
	(void)snprintf(config.slots.boot_id_file, sizeof(config.slots.boot_id_file),
		       "/proc/sys/kernel/random/boot_id");
	return mkdtemp(config.slots.directory) ? 0 : -1;
}

static const char *below(const char *name)
{
	static char path[SLOTS_PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", config.slots.directory, name);
	return path;
}

static int remove_dir(void **state)
{
	static const char *const NAMES[] = {
		"a/firmware", "a/rootfs",     "a/os-release", "a/.plan", "b/.plan", "b/firmware",
		"b/rootfs",   "b/os-release", "b/old",        "current", ".booted"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		(void)unlink(below(NAMES[i]));
	(void)rmdir(below("a"));
	(void)rmdir(below("b"));
	return rmdir(config.slots.directory);
}

static void put(const char *name, const char *text)
{
	int fd = open(below(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static bool has(const char *name, const char *text)
{
	char got[256] = "";
	int fd = open(below(name), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof(got) - 1);

	if (fd >= 0)
		(void)close(fd);
	return n >= 0 && strcmp(got, text) == 0;
}

static struct proto_digests digests_of(const char *text)
{
	struct proto_digests d = {.algs = HASH_BIT(HASH_SHA256) | HASH_BIT(HASH_SHA512)};

	assert_int_equal(hash_once(HASH_SHA256, span_str(text), d.b[HASH_SHA256]), 0);
	assert_int_equal(hash_once(HASH_SHA512, span_str(text), d.b[HASH_SHA512]), 0);
	return d;
}

static int pipe_with(const char *text)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
	(void)close(ends[1]);
	return ends[0];
}

static uint64_t kept; /* what the last image with `resume` went on from */

static void ignore(uint64_t octets)
{
	(void)octets;
}

static void keep(uint64_t octets)
{
	kept = octets;
}

static const struct install_tell TELL = {.progress = ignore, .kept = keep};

static enum fw_error begin(struct writer *s, const char *version, const char *all, uint32_t images)
{
	struct proto_begin b = {
		.model = "m", .images = images, .size = strlen(all), .digests = digests_of(all)};
	struct proto_done d;

	(void)snprintf(b.version, sizeof(b.version), "%s", version);
	install_begin(s->n, &b, &d);
	return (enum fw_error)d.error;
}

static enum fw_error image(struct writer *s, const char *component, uint64_t size, const char *text,
			   const char *signed_text)
{
	struct proto_image i = {.size = size};
	struct proto_done d;
	int fd = pipe_with(text);

	(void)snprintf(i.component, sizeof(i.component), "%s", component);
	if (signed_text)
		i.digests = digests_of(signed_text);
	install_image(s->n, &i, fd, &TELL, &d);
	(void)close(fd);
	return (enum fw_error)d.error;
}

/* What a begin that keeps finds; UINT64_MAX: it failed. */
static uint64_t begin_again(struct writer *s, const char *version, const char *all, uint32_t images)
{
	struct proto_begin b = {.model = "m",
				.images = images,
				.keep = 1,
				.size = strlen(all),
				.digests = digests_of(all)};
	struct proto_done d;

	(void)snprintf(b.version, sizeof(b.version), "%s", version);
	install_begin(s->n, &b, &d);
	return d.error == FWE_OK ? d.octets : UINT64_MAX;
}

/* Goes on with an image; the pipe gives `text`. */
static enum fw_error resume(struct writer *s, const char *component, const char *signed_text,
			    const char *text)
{
	struct proto_image i = {
		.resume = 1, .size = strlen(signed_text), .digests = digests_of(signed_text)};
	struct proto_done d;
	int fd = pipe_with(text);

	kept = UINT64_MAX;
	(void)snprintf(i.component, sizeof(i.component), "%s", component);
	install_image(s->n, &i, fd, &TELL, &d);
	(void)close(fd);
	return (enum fw_error)d.error;
}

static enum fw_error commit(struct writer *s)
{
	struct proto_done d;

	install_commit(s->n, 0, &d);
	return (enum fw_error)d.error;
}

static void assert_state(struct writer *s, const char *slot, const char *running,
			 const char *pending)
{
	struct proto_slots_are are;

	s->b->ops->state(s->b, &are);
	assert_int_equal(are.error, FWE_OK);
	assert_string_equal(are.slot, slot);
	assert_string_equal(are.running, running);
	assert_string_equal(are.pending, pending);
}

static void install(struct writer *s, const char *version, const char *text)
{
	assert_int_equal(begin(s, version, text, 1), FWE_OK);
	assert_int_equal(image(s, "firmware", strlen(text), text, NULL), FWE_OK);
	assert_int_equal(commit(s), FWE_OK);
}

static void slots__take_turns(void **state)
{
	CLEANUP(writer_close) struct writer s = {0};

	(void)state;
	assert_int_equal(writer_open(&s, -1), 0);
	assert_state(&s, "", "", "");
	install(&s, "1.0.0", "first");
	assert_state(&s, "a", "1.0.0", "");
	put("b/old", "left behind");
	install(&s, "2.0.0", "second");
	assert_state(&s, "b", "2.0.0", "");
	assert_true(has("a/firmware", "first"));
	assert_true(has("b/firmware", "second"));
	assert_true(has("b/os-release", "IMAGE_ID=m\nIMAGE_VERSION=2.0.0\n"));
	assert_int_equal(access(below("b/old"), F_OK), -1);
	install(&s, "3.0.0", "third");
	assert_state(&s, "a", "3.0.0", "");
	assert_true(has("b/firmware", "second"));
}

static void slots__take_several_images(void **state)
{
	CLEANUP(writer_close) struct writer s = {0};

	(void)state;
	assert_int_equal(writer_open(&s, -1), 0);
	assert_int_equal(begin(&s, "1.0.0", "rootfirm", 2), FWE_OK);
	assert_int_equal(image(&s, "rootfs", 4, "root", "root"), FWE_OK);
	assert_int_equal(commit(&s), FWE_INTERNAL); /* one is missing */
	assert_int_equal(image(&s, "firmware", 4, "firm", "firm"), FWE_OK);
	assert_int_equal(commit(&s), FWE_OK);
	assert_state(&s, "a", "1.0.0", "");
}

/* A download, and the installation later, by another program. */
static void slots_resume__takes_what_was_downloaded(void **state)
{
	CLEANUP(writer_close) struct writer first = {0};
	CLEANUP(writer_close) struct writer s = {0};

	(void)state;
	assert_int_equal(writer_open(&first, -1), 0);
	assert_int_equal(begin_again(&first, "1.0.0", "rootfirm", 2), 0); /* nothing to keep */
	assert_int_equal(image(&first, "rootfs", 4, "root", "root"), FWE_OK);
	assert_int_equal(image(&first, "firmware", 4, "firm", "firm"), FWE_OK);
	writer_close(&first);
	assert_int_equal(writer_open(&s, -1), 0);
	assert_state(&s, "", "", "");
	assert_int_equal(begin_again(&s, "1.0.0", "rootfirm", 2), 8);
	assert_int_equal(resume(&s, "rootfs", "root", ""), FWE_OK);
	assert_int_equal(commit(&s), FWE_INTERNAL); /* one is missing */
	assert_int_equal(begin_again(&s, "1.0.0", "rootfirm", 2), 8);
	assert_int_equal(resume(&s, "rootfs", "root", ""), FWE_OK);
	assert_int_equal(kept, 4);
	assert_int_equal(resume(&s, "firmware", "firm", ""), FWE_OK);
	assert_int_equal(commit(&s), FWE_OK);
	assert_state(&s, "a", "1.0.0", "");
	assert_true(has("a/firmware", "firm"));
	assert_int_equal(access(below("a/.plan"), F_OK), -1);
}

/* A cut in the second image, at any octet. */
static void slots_resume__goes_on_behind_what_is_there(void **state)
{
	static const char TEXT[] = "firmware";
	const size_t n = sizeof(TEXT) - 1;

	(void)state;
	for (size_t cut = 0; cut <= n; cut++) {
		CLEANUP(writer_close) struct writer first = {0};
		CLEANUP(writer_close) struct writer s = {0};
		char part[sizeof(TEXT)] = "";

		memcpy(part, TEXT, cut);
		assert_int_equal(writer_open(&first, -1), 0);
		assert_int_equal(begin(&first, "1.0.0", "rootfirmware", 2), FWE_OK);
		assert_int_equal(image(&first, "rootfs", 4, "root", "root"), FWE_OK);
		assert_int_equal(image(&first, "firmware", n, part, NULL),
				 cut < n ? FWE_IMAGE_SIZE_MISMATCH : FWE_OK);
		writer_close(&first);
		assert_int_equal(writer_open(&s, -1), 0);
		assert_int_equal(begin_again(&s, "1.0.0", "rootfirmware", 2), 4 + cut);
		assert_int_equal(resume(&s, "rootfs", "root", ""), FWE_OK);
		assert_int_equal(resume(&s, "firmware", TEXT, TEXT + cut), FWE_OK);
		assert_int_equal(kept, cut);
		assert_int_equal(commit(&s), FWE_OK);
		assert_true(has("current/firmware", TEXT));
	}
}

static void slots_resume__trusts_nothing_but_the_digests(void **state)
{
	CLEANUP(writer_close) struct writer s = {0};

	(void)state;
	assert_int_equal(writer_open(&s, -1), 0);
	install(&s, "1.0.0", "old");
	install(&s, "2.0.0", "new");
	/* What was complete is no leftover: it is emptied. */
	assert_int_equal(begin_again(&s, "3.0.0", "old", 1), 0);
	assert_int_equal(resume(&s, "firmware", "old", "old"), FWE_OK);
	assert_int_equal(kept, 0);
	/* Nor is what belongs to another version. */
	assert_int_equal(begin_again(&s, "3.0.0", "new", 1), 0);
	assert_int_equal(image(&s, "firmware", 3, "ne", NULL), FWE_IMAGE_SIZE_MISMATCH);
	assert_int_equal(begin_again(&s, "3.0.1", "new", 1), 0);
	assert_int_equal(begin_again(&s, "3.0.1", "neu", 1), 0);
	put("a/firmware", "na");
	assert_int_equal(begin_again(&s, "3.0.1", "neu", 1), 2);
	assert_int_equal(resume(&s, "firmware", "neu", "u"), FWE_IMAGE_DIGEST_MISMATCH);
	assert_int_equal(commit(&s), FWE_INTERNAL);
	/* So much is not of this image. */
	put("a/firmware", "neuer");
	assert_int_equal(begin_again(&s, "3.0.1", "neu", 1), 5);
	assert_int_equal(resume(&s, "firmware", "neu", "neu"), FWE_OK);
	assert_int_equal(kept, 0);
	/* The caller may start it anew. */
	assert_int_equal(begin_again(&s, "3.0.1", "neu", 1), 3);
	assert_int_equal(image(&s, "firmware", 3, "neu", NULL), FWE_OK);
	put("a/.plan", "ocf-fw-write 2 3.0.1\n");
	assert_int_equal(begin_again(&s, "3.0.1", "neu", 1), 0);
	assert_state(&s, "b", "2.0.0", "");
}

static void slots__keep_the_order(void **state)
{
	CLEANUP(writer_close) struct writer s = {0};

	(void)state;
	assert_int_equal(writer_open(&s, -1), 0);
	assert_int_equal(commit(&s), FWE_INTERNAL);
	assert_int_equal(image(&s, "firmware", 1, "x", NULL), FWE_INTERNAL);
	assert_int_equal(begin(&s, "1.0.0", "x", 0), FWE_INTERNAL);
	assert_int_equal(begin(&s, "1.0.0", "x", 1), FWE_OK);
	assert_int_equal(commit(&s), FWE_INTERNAL);
	assert_int_equal(image(&s, "firmware", 1, "x", NULL), FWE_OK);
	assert_int_equal(image(&s, "rootfs", 1, "x", NULL), FWE_INTERNAL);
	assert_int_equal(commit(&s), FWE_INTERNAL); /* spoiled by the image too many */
	assert_state(&s, "", "", "");
}

static void slots_image__refuses_by_name(void **state)
{
	static const struct {
		const char *name, *component;
		uint64_t size;
		const char *text, *own; /* what came; what was signed for it alone */
		enum fw_error want;
	} ROWS[] = {
		{"right",              "firmware",        4,                 "good",  NULL,   FWE_OK                   },
		{"size not told",      "firmware",        PROTO_SIZE_ANY,    "good",  NULL,   FWE_OK                   },
		{"own digests",        "firmware",        4,                 "good",  "good", FWE_OK                   },
		{"unknown component",  "../x",            4,                 "good",  NULL,   FWE_INSTALL_FAILED       },
		{"part of a name",     "firm",            4,                 "good",  NULL,   FWE_INSTALL_FAILED       },
		{"two names",          "firmware rootfs", 4,                 "good",  NULL,   FWE_INSTALL_FAILED       },
		{"no name",            "",                4,                 "good",  NULL,   FWE_INSTALL_FAILED       },
		{"os-release",         "os-release",      4,                 "good",  NULL,   FWE_INSTALL_FAILED       },
		{"other octets",       "firmware",        4,                 "goof",  NULL,   FWE_IMAGE_DIGEST_MISMATCH},
		{"own digest wrong",   "firmware",        4,                 "good",  "bad!", FWE_IMAGE_DIGEST_MISMATCH},
		{"one too few",        "firmware",        4,                 "goo",   NULL,   FWE_IMAGE_SIZE_MISMATCH  },
		{"one too many",       "firmware",        4,                 "good+", NULL,   FWE_IMAGE_SIZE_MISMATCH  },
		{"nothing",            "firmware",        4,                 "",      NULL,   FWE_IMAGE_SIZE_MISMATCH  },
		{"too many, not told", "firmware",        PROTO_SIZE_ANY,    "good+", NULL,
		 FWE_IMAGE_DIGEST_MISMATCH									     },
		{"beyond the slot",    "firmware",        UINT64_C(1) << 40, "good",  NULL,
		 FWE_IMAGE_TOO_LARGE										   },
	};
	CLEANUP(writer_close) struct writer s = {0};

	(void)state;
	config.install.size_max_mib = 1;
	assert_int_equal(writer_open(&s, -1), 0);
	install(&s, "1.0.0", "old");
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		enum fw_error e;

		assert_int_equal(begin(&s, "2.0.0", "good", 1), FWE_OK);
		e = image(&s, ROWS[i].component, ROWS[i].size, ROWS[i].text, ROWS[i].own);
		if (e != ROWS[i].want)
			fail_msg("%s: %s", ROWS[i].name, fw_error_name(e));
		if (e != FWE_OK)
			assert_int_equal(commit(&s), FWE_INTERNAL);
		assert_state(&s, "a", "1.0.0", "");
		assert_true(has("a/firmware", "old"));
	}
}

static int collect(void *arg, struct span data)
{
	buf_put(arg, data);
	return 0;
}

/* The stream of one encrypted image, as records of two octets. */
static struct buf sealed_text(const uint8_t key[PROTO_IKM], const char *text)
{
	struct buf b = BUF_INIT(4096);
	const struct ece_sink sink = {collect, &b};
	struct ece *e = NULL;

	assert_int_equal(ece_seal_new(&e, span_of(key, PROTO_IKM), SPAN_LIT(""), 19, &sink), 0);
	assert_int_equal(ece_feed(e, span_str(text)), 0);
	assert_int_equal(ece_end(e), 0);
	(void)ece_free(e);
	return b;
}

static void send_image(struct writer *s, const struct proto_image *p, struct span octets,
		       struct proto_done *ret)
{
	int ends[2];

	kept = 0;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], octets.ptr, octets.len), octets.len);
	(void)close(ends[1]);
	install_image(s->n, p, ends[0], &TELL, ret);
	(void)close(ends[0]);
}

/* A cut at any octet of the stream: whole records are kept, and the digest over the stream holds.
 */
static void slots_resume__goes_on_with_an_encrypted_image(void **state)
{
	static const uint8_t KEY[PROTO_IKM] = {1};
	static const char TEXT[] = "firmware";
	CLEANUP(buf_done) struct buf b = sealed_text(KEY, TEXT);
	struct proto_image p = {.component = "firmware", .size = sizeof(TEXT) - 1, .is_sealed = 1};
	const size_t head = 21, record = 19;
	CLEANUP(writer_close) struct writer s = {0};
	struct proto_done d;

	(void)state;
	p.ikm[0] = 1;
	p.sealed_size = b.len;
	p.sealed.algs = HASH_BIT(HASH_SHA256);
	assert_int_equal(hash_once(HASH_SHA256, buf_span(&b), p.sealed.b[HASH_SHA256]), 0);
	assert_int_equal(b.len, head + 4 * record);
	assert_int_equal(writer_open(&s, -1), 0);
	for (size_t cut = 0; cut <= b.len; cut++) {
		/* A record is written once something follows it. */
		size_t records = cut == b.len ? 4 : cut > head ? (cut - head - 1) / record : 0;
		size_t want = records > 0 ? head + records * record : 0;

		assert_int_equal(begin(&s, "1.0.0", TEXT, 1), FWE_OK);
		p.resume = 0;
		send_image(&s, &p, span_of(b.ptr, cut), &d);
		assert_int_equal(d.error, cut < b.len ? FWE_IMAGE_SIZE_MISMATCH : FWE_OK);
		for (int twice = 0; twice < 2; twice++) { /* then all of it is there */
			assert_int_equal(begin_again(&s, "1.0.0", TEXT, 1), records * 2);
			p.resume = 1;
			send_image(&s, &p, span_skip(buf_span(&b), want), &d);
			if (d.error != FWE_OK || kept != want)
				fail_msg("cut at %zu: %s from %ju", cut, d.text, (uintmax_t)kept);
			assert_true(has("a/firmware", TEXT));
			records = 4;
			want = b.len;
		}
	}
	/* Without its header it begins anew. */
	assert_int_equal(begin(&s, "1.0.0", TEXT, 1), FWE_OK);
	put("a/firmware", "firm");
	assert_int_equal(begin_again(&s, "1.0.0", TEXT, 1), 4);
	send_image(&s, &p, buf_span(&b), &d);
	assert_int_equal(d.error, FWE_OK);
	assert_int_equal(kept, 0);
	/* What is there is not what it was. */
	put("a/firmware", "Firm");
	assert_int_equal(begin_again(&s, "1.0.0", TEXT, 1), 4);
	send_image(&s, &p, span_skip(buf_span(&b), head + 2 * record), &d);
	assert_int_equal(d.error, FWE_IMAGE_DIGEST_MISMATCH);
}

/* An encrypted image: each row damages it, or what was signed of it, otherwise. */
static void slots_image__decrypts_on_the_way(void **state)
{
	static const struct {
		const char *name;
		int flip; /* this octet; -1: none */
		int cut;  /* so many octets at the end; negative: more come */
		int signed_cut;
		bool digest;      /* the one over the encrypted octets is right */
		bool key;         /* and so is this */
		const char *text; /* that is encrypted; "good" is signed */
		enum fw_error want;
	} ROWS[] = {
		{"right",                  -1, 0,  0,  true,  true,  "good",  FWE_OK                   },
		{"record damaged",         30, 0,  0,  true,  true,  "good",  FWE_IMAGE_DECRYPT_FAILED },
		{"salt damaged",           0,  0,  0,  true,  true,  "good",  FWE_IMAGE_DECRYPT_FAILED },
		{"another key",            -1, 0,  0,  true,  false, "good",  FWE_IMAGE_DECRYPT_FAILED },
		{"cut short",              -1, 1,  0,  true,  true,  "good",  FWE_IMAGE_SIZE_MISMATCH  },
		{"too long",               -1, -1, 0,  true,  true,  "good",  FWE_IMAGE_SIZE_MISMATCH  },
		{"signed without its end", -1, 19, 19, true,  true,  "good",
		 FWE_IMAGE_DECRYPT_FAILED							      },
		{"other encrypted octets", -1, 0,  0,  false, true,  "good",
		 FWE_IMAGE_DIGEST_MISMATCH							     },
		{"other image",            -1, 0,  0,  true,  true,  "goof",  FWE_IMAGE_DIGEST_MISMATCH},
		{"longer image",           -1, 0,  0,  true,  true,  "good+", FWE_IMAGE_SIZE_MISMATCH  },
		{"shorter image",          -1, 0,  0,  true,  true,  "goo",   FWE_IMAGE_SIZE_MISMATCH  },
	};
	static const uint8_t KEY[PROTO_IKM] = {1};
	CLEANUP(writer_close) struct writer s = {0};

	(void)state;
	assert_int_equal(writer_open(&s, -1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct proto_image p = {.component = "firmware", .size = 4, .is_sealed = 1};
		CLEANUP(buf_done) struct buf b = sealed_text(KEY, ROWS[i].text);
		struct proto_done d;

		if (ROWS[i].flip >= 0)
			b.ptr[ROWS[i].flip] ^= 1;
		p.sealed_size = b.len - (size_t)ROWS[i].signed_cut;
		p.sealed.algs = HASH_BIT(HASH_SHA256);
		assert_int_equal(hash_once(HASH_SHA256, span_of(b.ptr, (size_t)p.sealed_size),
					   p.sealed.b[HASH_SHA256]),
				 0);
		p.sealed.b[HASH_SHA256][0] ^= !ROWS[i].digest;
		p.ikm[0] = ROWS[i].key;
		if (ROWS[i].cut < 0)
			buf_put_byte(&b, 0);
		else
			b.len -= (size_t)ROWS[i].cut;
		assert_int_equal(begin(&s, "2.0.0", "good", 1), FWE_OK);
		send_image(&s, &p, buf_span(&b), &d);
		if (d.error != (uint32_t)ROWS[i].want)
			fail_msg("%s: %s", ROWS[i].name, fw_error_name((enum fw_error)d.error));
		if (d.error == FWE_OK)
			assert_true(has("a/firmware", "good"));
		else
			assert_int_equal(commit(&s), FWE_INTERNAL);
	}
}

/* The last of three records holds nothing but its delimiter, as RFC 8188 allows. */
static struct buf sealed_with_empty_end(const uint8_t key[PROTO_IKM])
{
	struct buf b = sealed_text(key, "good+");
	const struct span ikm = span_of(key, PROTO_IKM), salt = span_of(b.ptr, 16);
	struct secret cek = {0}, nonce = {0};

	b.len -= 18;
	assert_int_equal(enc_hkdf(ikm, salt, SPAN_LIT("Content-Encoding: aes128gcm\0"), 16, &cek),
			 0);
	assert_int_equal(
		enc_hkdf(ikm, salt, SPAN_LIT("Content-Encoding: nonce\0"), ENC_IV_LEN, &nonce), 0);
	nonce.b[ENC_IV_LEN - 1] ^= 2; /* the number of the record */
	assert_int_equal(enc_seal(ENC_A128GCM, secret_span(&cek), secret_span(&nonce),
				  span_of(NULL, 0), SPAN_LIT("\2"), &b),
			 0);
	secret_wipe(&cek);
	secret_wipe(&nonce);
	return b;
}

/* Then all of the image has passed the digests before it is seen that too much comes. */
static void slots_image__is_no_longer_than_signed(void **state)
{
	static const uint8_t KEY[PROTO_IKM] = {1};
	CLEANUP(buf_done) struct buf b = sealed_with_empty_end(KEY);
	struct proto_image p = {.component = "firmware", .is_sealed = 1, .ikm = {1}};
	CLEANUP(writer_close) struct writer s = {0};

	(void)state;
	p.sealed_size = b.len;
	p.sealed.algs = HASH_BIT(HASH_SHA256);
	assert_int_equal(hash_once(HASH_SHA256, buf_span(&b), p.sealed.b[HASH_SHA256]), 0);
	assert_int_equal(writer_open(&s, -1), 0);
	for (int more = 0; more < 2; more++) {
		for (int any = 0; any < 2; any++) {
			struct proto_done d;
			int ends[2];

			/* Each read gives one packet. */
			assert_int_equal(
				socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
			assert_int_equal(write(ends[1], b.ptr, b.len), b.len);
			if (more)
				assert_int_equal(write(ends[1], "+", 1), 1);
			(void)close(ends[1]);
			p.size = any ? PROTO_SIZE_ANY : 4;
			assert_int_equal(begin(&s, "2.0.0", "good", 1), FWE_OK);
			install_image(s.n, &p, ends[0], &TELL, &d);
			(void)close(ends[0]);
			assert_int_equal(d.error, more ? FWE_IMAGE_SIZE_MISMATCH : FWE_OK);
			assert_int_equal(has("a/firmware", "good"), !more);
			if (more)
				assert_int_equal(commit(&s), FWE_INTERNAL);
		}
	}
}

static void slots_begin__needs_room_and_a_digest(void **state)
{
	CLEANUP(writer_close) struct writer s = {0};
	struct proto_begin b = {.version = "1.0.0",
				.images = 1,
				.size = UINT64_C(1) << 60,
				.digests = digests_of("x")};
	struct proto_done d;

	(void)state;
	assert_int_equal(writer_open(&s, -1), 0);
	install_begin(s.n, &b, &d);
	assert_int_equal(d.error, FWE_INSTALL_NO_SPACE);
	b.size = 1;
	memcpy(b.version, "$(id)", sizeof("$(id)")); /* hooks get it */
	install_begin(s.n, &b, &d);
	assert_int_equal(d.error, FWE_INTERNAL);
	memcpy(b.version, "1.0.0", sizeof("1.0.0"));
	b.digests.algs = 0;
	install_begin(s.n, &b, &d);
	assert_int_equal(d.error, FWE_INTERNAL);
}

static void slots_begin__keeps_other_writers_out(void **state)
{
	struct writer s = {0};
	int dir = open(config.slots.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(writer_open(&s, -1), 0);
	assert_int_equal(begin(&s, "1.0.0", "x", 1), FWE_OK);
	assert_int_equal(flock(dir, LOCK_EX | LOCK_NB), -1);
	writer_close(&s);
	assert_int_equal(flock(dir, LOCK_EX | LOCK_NB), 0);
	(void)close(dir);
}

/* The fetching program may hold its end of the pipe open for ever. */
static void slots__stop_when_nobody_waits(void **state)
{
	CLEANUP(writer_close) struct writer s = {0};
	struct proto_image i = {.component = "firmware", .size = PROTO_SIZE_ANY};
	struct proto_done d;
	int control[2], ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(writer_open(&s, control[0]), 0);
	assert_int_equal(begin(&s, "1.0.0", "x", 1), FWE_OK);
	(void)close(control[1]);
	install_image(s.n, &i, ends[0], &TELL, &d);
	assert_int_equal(d.error, FWE_INSTALL_FAILED);
	assert_int_equal(begin(&s, "1.0.0", "x", 1), FWE_INSTALL_FAILED);
	(void)close(control[0]);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void slots__wait_for_the_boot(void **state)
{
	struct writer s = {0};

	(void)state;
	config.slots.activation = SLOTS_REBOOT;
	assert_int_equal(writer_open(&s, -1), 0);
	install(&s, "1.0.0", "first"); /* nothing ran before it */
	assert_state(&s, "a", "1.0.0", "");
	install(&s, "2.0.0", "second");
	assert_state(&s, "a", "1.0.0", "2.0.0");
	install(&s, "3.0.0", "third"); /* in place of the one that waits */
	assert_state(&s, "a", "1.0.0", "3.0.0");
	assert_int_equal(begin(&s, "4.0.0", "fourth", 1), FWE_OK);
	assert_state(&s, "a", "1.0.0", ""); /* the link never points to a slot under work */
	install(&s, "5.0.0", "fifth");
	writer_close(&s);
	put(".booted", "another-boot a\n");
	assert_int_equal(writer_open(&s, -1), 0);
	assert_state(&s, "b", "5.0.0", "");
	writer_close(&s);
}

/* While a version runs on trial, the other slot is its way back. */
static void slots__are_not_written_during_a_trial(void **state)
{
	struct writer s = {0};
	struct proto_done d;

	(void)state;
	assert_int_equal(writer_open(&s, -1), 0);
	install(&s, "1.0.0", "first");
	assert_int_equal(begin(&s, "2.0.0", "second", 1), FWE_OK);
	assert_int_equal(image(&s, "firmware", 6, "second", "second"), FWE_OK);
	install_commit(s.n, BOOT_ATTEMPTS_MAX + 1, &d);
	assert_int_equal(d.error, FWE_INTERNAL);
	install_commit(s.n, 3, &d);
	assert_int_equal(d.error, FWE_OK);
	assert_state(&s, "b", "2.0.0", "");
	assert_int_equal(begin(&s, "3.0.0", "third", 1), FWE_INSTALL_FAILED);
	assert_true(has("a/firmware", "first"));
	install_confirm(s.n, "a", &d);
	assert_int_equal(d.error, FWE_INSTALL_FAILED);
	install_reject(s.n, "b", &d);
	assert_int_equal(d.error, FWE_OK);
	assert_state(&s, "a", "1.0.0", "");
	install(&s, "3.0.0", "third");
	writer_close(&s);
}

static void slots__do_not_follow_a_strange_link(void **state)
{
	CLEANUP(writer_close) struct writer s = {0};
	struct proto_slots_are are;

	(void)state;
	assert_int_equal(writer_open(&s, -1), 0);
	assert_int_equal(symlink("/etc", below("current")), 0);
	s.b->ops->state(s.b, &are);
	assert_int_equal(are.error, FWE_INSTALL_FAILED);
	assert_int_equal(begin(&s, "1.0.0", "x", 1), FWE_INSTALL_FAILED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(slots__take_turns),
		TEST(slots__take_several_images),
		TEST(slots_resume__takes_what_was_downloaded),
		TEST(slots_resume__goes_on_behind_what_is_there),
		TEST(slots_resume__trusts_nothing_but_the_digests),
		TEST(slots_resume__goes_on_with_an_encrypted_image),
		TEST(slots__keep_the_order),
		TEST(slots_image__refuses_by_name),
		TEST(slots_image__decrypts_on_the_way),
		TEST(slots_image__is_no_longer_than_signed),
		TEST(slots_begin__needs_room_and_a_digest),
		TEST(slots_begin__keeps_other_writers_out),
		TEST(slots__stop_when_nobody_waits),
		TEST(slots__wait_for_the_boot),
		TEST(slots__are_not_written_during_a_trial),
		TEST(slots__do_not_follow_a_strange_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
