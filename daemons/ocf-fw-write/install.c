#include "install.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "calls.h"
#include "fw/bootvars.h"
#include "fw/version.h"
#include "note.h"
#include "pass.h"
#include "verify.h"

enum step { STEP_NONE, STEP_BEGUN, STEP_VERIFIED };

struct install {
	const struct install_config *config;
	struct backend *backend;
	struct runner *runner; /* NULL: no hooks */
	int control;
	uint8_t *piece;
	enum step step;
	struct proto_begin plan;
	uint32_t images;      /* done */
	uint32_t seen;        /* components written, by place in the table */
	uint64_t octets;      /* of all images */
	struct hash_set *all; /* over all images */
	struct reuse *reuse;  /* NULL: all octets come through the pipes */
	struct buf note;      /* that is in the slot */
};

int install_new(struct install **ret, const struct install_config *config, struct backend *b,
		struct runner *r, int control)
{
	CLEANUP(install_freep) struct install *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	*n = (struct install){
		.config = config,
		.backend = b,
		.runner = r,
		.control = control,
		.note = BUF_INIT(NOTE_MAX),
	};
	n->piece = malloc(REUSE_PIECE);
	if (!n->piece)
		return -ENOMEM;
	*ret = n;
	n = NULL;
	return 0;
}

struct install *install_free(struct install *n)
{
	if (!n)
		return NULL;
	n->backend->plan = NULL;
	hash_set_free(n->all);
	reuse_free(n->reuse);
	buf_done(&n->note);
	free(n->piece);
	free(n);
	return NULL;
}

static void answer(struct proto_done *ret, enum fw_error e, const char *text)
{
	ret->error = e;
	proto_text(ret->text, sizeof(ret->text), text);
}

/* What the back end or a hook could not do. */
static void answer_errno(struct install *n, struct proto_done *ret, int r, const char *what)
{
	static const struct {
		int r;
		enum fw_error e;
	} ERRORS[] = {
		{-ENOSPC,  FWE_INSTALL_NO_SPACE        },
                {-EDQUOT,  FWE_INSTALL_NO_SPACE        },
		{-EILSEQ,  FWE_INSTALL_VERIFY_FAILED   },
                {-EAGAIN,  FWE_POLICY_DEFERRED         },
		{-ENOTSUP, FWE_IMAGE_FORMAT_UNSUPPORTED},
                {-EFBIG,   FWE_IMAGE_TOO_LARGE         },
	};
	enum fw_error e = FWE_INSTALL_FAILED;
	char text[2 * PROTO_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(ERRORS); i++)
		if (ERRORS[i].r == r)
			e = ERRORS[i].e;
	(void)snprintf(text, sizeof(text), "%s: %s", what,
		       n->backend->why[0] ? n->backend->why : strerror(-r));
	answer(ret, e, text);
	n->backend->why[0] = '\0';
}

/* ---- begin ---- */

/* The place of `name` in our own list, and our own spelling of it. */
static bool find_component(const struct install *n, const char *name, uint32_t *ret_bit,
			   char ret_name[PROTO_LABEL])
{
	struct span rest = span_str(n->config->components), word;
	uint32_t bit = 1;

	while (span_word(&rest, &word)) {
		if (span_is(word, name)) {
			*ret_bit = bit;
			return span_to_str(word, ret_name, PROTO_LABEL) == 0;
		}
		bit <<= 1;
	}
	return false;
}

/* Octets of all components in a slot that never became complete. */
static uint64_t count_kept(struct install *n)
{
	struct span rest = span_str(n->config->components), word;
	uint64_t octets = 0;

	while (span_word(&rest, &word)) {
		char name[PROTO_LABEL];

		if (span_to_str(word, name, sizeof(name)) == 0)
			octets += n->backend->ops->kept(n->backend, name);
	}
	return octets;
}

/* Whether what the slot holds is of this very version. */
static bool is_noted(struct install *n)
{
	buf_reset(&n->note);
	return n->backend->ops->noted(n->backend, &n->note) == 0 &&
	       note_is_of(buf_span(&n->note), &n->plan);
}

static int begin_anew(struct install *n)
{
	int r = n->backend->ops->clear(n->backend, n->plan.size);

	buf_reset(&n->note);
	note_put_plan(&n->plan, &n->note);
	if (r == 0 && !buf_ok(&n->note))
		r = -ENOMEM;
	return r == 0 ? n->backend->ops->note(n->backend, buf_span(&n->note)) : r;
}

/* One that refuses says why. */
static int hook(struct install *n, enum program program, const char *name)
{
	char why[PROTO_TEXT] = "", text[2 * PROTO_TEXT];
	int r = calls_hook(n->runner, n->control, program, &n->plan, why);

	if (r < 0) {
		(void)snprintf(text, sizeof(text), "%s: %s", name, why);
		proto_text(n->backend->why, sizeof(n->backend->why), text);
	}
	return r;
}

static int begin(struct install *n, const struct proto_begin *b, uint64_t *ret_kept)
{
	const struct backend_ops *ops = n->backend->ops;
	int r = hash_set_new(&n->all, b->digests.algs);

	/* An earlier writer that was cancelled may still be at work, and we meanwhile, too. */
	if (r == 0)
		r = ops->lock(n->backend);
	if (r == 0 && pass_is_alone(n->control))
		r = -ECANCELED;
	if (r == 0)
		r = hook(n, PROGRAM_PRE_INSTALL, "PreInstall");
	if (r == 0)
		r = ops->choose(n->backend);
	if (r == 0 && b->keep && is_noted(n))
		*ret_kept = count_kept(n);
	if (r == 0 && *ret_kept == 0)
		r = begin_anew(n);
	return r;
}

void install_begin(struct install *n, const struct proto_begin *b, struct proto_done *ret)
{
	struct fw_version v;
	int r;

	*ret = (struct proto_done){0};
	n->step = STEP_NONE;
	n->plan = *b;
	n->backend->plan = &n->plan;
	n->images = 0;
	n->seen = 0;
	n->octets = 0;
	n->all = hash_set_free(n->all);
	n->reuse = reuse_free(n->reuse);
	if (b->images == 0 || b->digests.algs == 0 || !fw_version_parse(span_str(b->version), &v)) {
		answer(ret, FWE_INTERNAL, "an installation without image, digest or version");
		return;
	}
	r = begin(n, b, &ret->octets);
	if (r < 0) {
		answer_errno(n, ret, r, "the installation cannot begin");
		return;
	}
	n->step = STEP_BEGUN;
}

/* ---- chunks ---- */

static void answer_chunks(struct install *n, struct proto_done *ret, int r)
{
	if (r == -EBADMSG)
		answer(ret, FWE_IMAGE_DIGEST_MISMATCH, "the chunk index is not what was signed");
	else if (r == -ENOENT)
		answer(ret, FWE_INSTALL_FAILED, "nothing runs whose octets could be used again");
	else
		answer_errno(n, ret, r, "the running slot cannot be compared");
}

void install_chunks(struct install *n, const struct proto_chunks *c, int pipe,
		    void (*progress)(uint64_t octets), struct proto_done *ret)
{
	CLEANUP(reuse_freep) struct reuse *u = NULL;
	char name[PROTO_LABEL];
	uint32_t bit;
	int r;

	*ret = (struct proto_done){0};
	if (n->step != STEP_BEGUN || n->images > 0 || c->n != n->plan.images) {
		answer(ret, FWE_INTERNAL, "a chunk index outside an installation");
		return;
	}
	for (uint32_t i = 0; i < c->n; i++) {
		if (find_component(n, c->images[i].component, &bit, name))
			continue;
		answer(ret, FWE_INSTALL_FAILED, "no such component");
		return;
	}
	r = reuse_new(&u, c, n->backend, n->piece);
	if (r == 0)
		r = reuse_compare(u, pipe, n->control, progress);
	if (r < 0) {
		answer_chunks(n, ret, r);
		return;
	}
	ret->octets = reuse_missing(u);
	reuse_free(n->reuse);
	n->reuse = u;
	u = NULL;
}

int install_ranges(const struct install *n, const struct proto_image *i, uint32_t *ret_n,
		   int *ret_fd)
{
	if (n->step != STEP_BEGUN || !n->reuse || !reuse_fits(n->reuse, n->images, i))
		return -EINVAL;
	return reuse_ranges(n->reuse, n->images, 0, ret_n, ret_fd);
}

/* ---- image ---- */

/* Octets that one may have, whatever is signed. */
static uint64_t size_max(const struct install *n)
{
	uint64_t max = (uint64_t)n->config->size_max_mib * 1024 * 1024;

	return max > 0 ? max : PROTO_SIZE_ANY - 1;
}

static void judge(struct install *n, const struct proto_image *i, struct pass *p,
		  struct proto_done *ret)
{
	bool last = n->images + 1 == n->plan.images;

	if (p->sealed_error != FWE_OK && p->octets <= p->limit)
		answer(ret, p->sealed_error,
		       "what was delivered is not the encrypted image that was signed");
	else if (i->size == PROTO_SIZE_ANY && p->octets > p->limit)
		answer(ret, FWE_IMAGE_TOO_LARGE, "the image is larger than the slot");
	else if (i->size != PROTO_SIZE_ANY && p->octets != i->size)
		answer(ret, FWE_IMAGE_SIZE_MISMATCH,
		       p->octets < i->size ? "the image is shorter than signed"
					   : "the image is longer than signed");
	else if (p->own && !verify_digests(&i->digests, p->own))
		answer(ret, FWE_IMAGE_DIGEST_MISMATCH, "the image is not what was signed");
	else if (last && !verify_digests(&n->plan.digests, n->all))
		answer(ret, FWE_IMAGE_DIGEST_MISMATCH, "the images are not what was signed");
	else if (last && n->plan.size != PROTO_SIZE_ANY && n->octets + p->octets != n->plan.size)
		answer(ret, FWE_IMAGE_SIZE_MISMATCH, "the images are not as long as signed");
}

/* An image on its way. */
struct taking {
	struct install *n;
	const struct proto_image *image;
	const struct install_tell *tell;
	char name[PROTO_LABEL]; /* our own spelling */
	struct pass pass;
	int fd;
};

/* The header has come, and nothing of the image is written yet. */
static int keep_header(void *taking)
{
	const struct taking *t = taking;
	struct install *n = t->n;
	struct buf more = BUF_INIT(NOTE_MAX);
	int r;

	note_put_header(buf_span(&n->note), t->name, sealed_header(t->pass.sealed), &more);
	r = buf_ok(&more) ? n->backend->ops->note(n->backend, buf_span(&more)) : -ENOMEM;
	buf_done(&n->note);
	n->note = more;
	return r;
}

/* How many of the octets that are there can be gone on from. */
static uint64_t usable(const struct taking *t, struct span header, uint64_t kept)
{
	size_t record = ece_record_data(header);

	if (kept > t->pass.limit)
		return 0; /* of something else */
	if (!t->pass.sealed || kept == t->image->size)
		return t->pass.sealed && record == 0 ? 0 : kept;
	return record == 0 ? 0 : kept / record * record;
}

/* Behind them, and nothing else. */
static int go_on_at(int fd, uint64_t octets)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || (S_ISREG(st.st_mode) && ftruncate(fd, (off_t)octets) < 0) ||
	    lseek(fd, (off_t)octets, SEEK_SET) < 0)
		return -errno;
	return 0;
}

/* What begin() has kept. 0: t->fd is open behind it, or still closed since there is nothing. */
static int take_kept(struct taking *t)
{
	const struct backend_ops *ops = t->n->backend->ops;
	uint8_t room[ECE_HEADER_MAX];
	struct span header = span_of(room, note_header(buf_span(&t->n->note), t->name, room));
	uint64_t octets = usable(t, header, ops->kept(t->n->backend, t->name));
	int r;

	if (octets == 0)
		return 0;
	r = ops->open(t->n->backend, t->name, BACKEND_KEPT, t->image->size, &t->fd);
	t->pass.fd = t->fd;
	if (r == 0 && t->pass.sealed)
		r = sealed_again(t->pass.sealed, header);
	if (r == 0)
		r = pass_again(&t->pass, octets, octets == t->image->size);
	return r == 0 ? go_on_at(t->fd, octets) : r;
}

/* What is missing behind what was kept. */
static int tell_ranges(struct taking *t)
{
	CLEANUP(closep) int fd = -1;
	uint32_t n = 0;
	int r;

	if (!t->pass.reuse || !reuse_fits(t->pass.reuse, t->pass.image, t->image))
		return -EINVAL;
	r = reuse_ranges(t->pass.reuse, t->pass.image, t->pass.octets, &n, &fd);
	return r == 0 ? t->tell->ranges(n, fd) : r;
}

static int open_image(struct taking *t)
{
	const struct backend_ops *ops = t->n->backend->ops;
	int r = t->image->resume ? take_kept(t) : 0;

	if (r == 0 && t->fd < 0)
		r = ops->open(t->n->backend, t->name, BACKEND_NEW, t->image->size, &t->fd);
	t->pass.fd = t->fd;
	if (r < 0 || !t->image->resume)
		return r;
	t->tell->kept(t->pass.received);
	return t->image->reuse ? tell_ranges(t) : 0;
}

/* A program took the image, and ended before the image did. */
static int why_it_left(struct taking *t)
{
	int r = t->n->backend->ops->finish(t->n->backend, &t->fd);

	return r < 0 ? r : -EPIPE;
}

/* With VerifyWritten=: what is on the disk is what was judged. */
static void read_again(struct taking *t, struct proto_done *ret)
{
	const struct install *n = t->n;
	const struct proto_digests *want =
		t->image->digests.algs != 0 ? &t->image->digests : &n->plan.digests;
	int r;

	if (!n->config->verify_written || t->fd < 0)
		return;
	if (t->image->digests.algs == 0 && n->plan.images > 1)
		r = -ENOTSUP; /* none of its own */
	else
		r = verify_written(t->fd, t->pass.octets, want, n->control);
	if (r < 0)
		answer(ret, r == -ECANCELED ? FWE_INSTALL_FAILED : FWE_INSTALL_VERIFY_FAILED,
		       "what is on the disk is not what was written");
}

static void write_image(struct taking *t, int pipe, struct proto_done *ret)
{
	struct backend *b = t->n->backend;
	int r = open_image(t);

	if (r == 0)
		r = durable_new(&t->pass.durable, b, t->name, t->fd, t->pass.octets);
	if (r == 0)
		r = pass_run(&t->pass, pipe);
	if (r == 0)
		r = durable_end(t->pass.durable);
	t->pass.durable = durable_free(t->pass.durable);
	if (r == 0)
		r = b->ops->finish(b, &t->fd);
	else if (r == -EPIPE)
		r = why_it_left(t);
	ret->octets = t->pass.octets;
	if (r < 0)
		answer_errno(t->n, ret, r, "the image cannot be written");
	else
		judge(t->n, t->image, &t->pass, ret);
	if (ret->error == FWE_OK)
		read_again(t, ret);
	closep(&t->fd);
}

void install_image(struct install *n, const struct proto_image *i, int pipe,
		   const struct install_tell *tell, struct proto_done *ret)
{
	CLEANUP(hash_set_freep) struct hash_set *own = NULL;
	CLEANUP(sealed_freep) struct sealed *sealed = NULL;
	struct taking t = {
		.n = n,
		.image = i,
		.tell = tell,
		.fd = -1,
		.pass = {.fd = -1,
			 .reuse = i->reuse ? n->reuse : NULL,
			 .image = n->images,
			 .sealed_size = i->sealed_size,
			 .limit = i->size == PROTO_SIZE_ANY ? size_max(n) : i->size,
			 .all = n->all,
			 .control = n->control,
			 .piece = n->piece,
			 .progress = tell->progress}
        };
	const struct ece_sink image = {pass_put, &t.pass};
	uint32_t bit = 0;

	*ret = (struct proto_done){0};
	if (n->step != STEP_BEGUN)
		answer(ret, FWE_INTERNAL, "an image outside an installation");
	else if (!find_component(n, i->component, &bit, t.name) || (n->seen & bit) != 0)
		answer(ret, FWE_INSTALL_FAILED, "no such component, or twice");
	else if (i->size != PROTO_SIZE_ANY && i->size > size_max(n))
		answer(ret, FWE_IMAGE_TOO_LARGE, "the image is larger than the slot");
	else if (i->digests.algs != 0 && hash_set_new(&own, i->digests.algs) < 0)
		answer(ret, FWE_INTERNAL, "no digests");
	else if (i->is_sealed && sealed_new(&sealed, i, &image) < 0)
		answer(ret, FWE_INTERNAL, "no decryption");
	n->step = STEP_NONE;
	if (ret->error != FWE_OK)
		return;
	t.pass.own = own;
	t.pass.sealed = sealed;
	if (sealed) {
		t.pass.begins = keep_header;
		t.pass.begins_arg = &t;
	}
	write_image(&t, pipe, ret);
	if (ret->error != FWE_OK)
		return;
	n->seen |= bit;
	n->octets += t.pass.octets;
	n->images++;
	n->step = n->images == n->plan.images ? STEP_VERIFIED : STEP_BEGUN;
}

/* ---- commit ---- */

void install_commit(struct install *n, uint32_t attempts, struct proto_done *ret)
{
	int r;

	*ret = (struct proto_done){.octets = n->octets};
	if (n->step != STEP_VERIFIED || attempts > BOOT_ATTEMPTS_MAX) {
		answer(ret, FWE_INTERNAL, "nothing verified to make current, or too many attempts");
		return;
	}
	n->step = STEP_NONE;
	r = hook(n, PROGRAM_PRE_COMMIT, "PreCommit");
	if (r == 0)
		r = n->backend->ops->commit(n->backend, &n->plan, attempts);
	if (r < 0)
		answer_errno(n, ret, r, "the slot cannot be made current");
	else if (hook(n, PROGRAM_POST_INSTALL, "PostInstall") < 0)
		log_warning("write: %s", n->backend->why); /* the version is in place */
	n->backend->why[0] = '\0';
}

/* ---- trial ---- */

/* Not while another program installs. */
static void conclude(struct install *n, const char *slot,
		     int (*call)(struct backend *b, const char *slot), struct proto_done *ret)
{
	int r = n->backend->ops->lock(n->backend);

	*ret = (struct proto_done){0};
	if (r == 0)
		r = call(n->backend, slot);
	if (r < 0)
		answer_errno(n, ret, r, "the boot variables cannot be changed");
}

void install_confirm(struct install *n, const char *slot, struct proto_done *ret)
{
	conclude(n, slot, n->backend->ops->confirm, ret);
}

void install_reject(struct install *n, const char *slot, struct proto_done *ret)
{
	conclude(n, slot, n->backend->ops->reject, ret);
}
