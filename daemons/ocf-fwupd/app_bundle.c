/* Manifests and images that come as descriptors, and what a manifest says. */
#include "app_parts.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/parse.h"

#define BASE OFFLINE_HOST "/"

static int refuse(struct fwupd_refusal *ret, enum fw_error error, const char *text)
{
	ret->error = error;
	(void)snprintf(ret->text, sizeof(ret->text), "%s", text);
	return -ECANCELED;
}

/* A regular file that can be read from any place: nothing that could keep us waiting. */
static bool is_file(int fd, struct stat *ret)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_WRONLY &&
	       fstat(fd, ret) == 0 && S_ISREG(ret->st_mode);
}

/* All of it, from the start, wherever the caller's own reading has got to. */
int app_bundle_read(int fd, struct buf *out, struct fwupd_refusal *ret_why)
{
	struct stat st;
	uint8_t *at;

	if (!is_file(fd, &st))
		return refuse(ret_why, FWE_OK, "The manifest is no regular file that can be read");
	if (st.st_size == 0)
		return refuse(ret_why, FWE_MANIFEST_EMPTY, "The manifest is empty");
	if ((uint64_t)st.st_size > MANIFEST_BYTES_MAX)
		return refuse(ret_why, FWE_MANIFEST_TOO_LARGE, "The manifest is too large");
	*out = BUF_INIT(MANIFEST_BYTES_MAX);
	at = buf_room(out, (size_t)st.st_size);
	if (!at)
		return -ENOMEM;
	while (out->len < (size_t)st.st_size) {
		ssize_t n =
			pread(fd, at + out->len, (size_t)st.st_size - out->len, (off_t)out->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return refuse(ret_why, FWE_OK, "The manifest cannot be read");
		out->len += (size_t)n;
	}
	return 0;
}

/* ---- installation ---- */

static int open_images(const struct fwupd_bundle *b, struct bundle *to,
		       struct fwupd_refusal *ret_why)
{
	struct stat st;

	for (size_t i = 0; i < b->n; i++) {
		if (!is_file(b->images[i], &st))
			return refuse(ret_why, FWE_OK,
				      "An image is no regular file that can be read");
		to->images[i] = fcntl(b->images[i], F_DUPFD_CLOEXEC, 3);
		if (to->images[i] < 0)
			return -errno;
		to->n++;
	}
	return 0;
}

int app_bundle_open(const struct fwupd_bundle *b, struct bundle **ret,
		    struct fwupd_refusal *ret_why)
{
	struct bundle *to = calloc(1, sizeof(*to));
	int r;

	if (!to)
		return -ENOMEM;
	to->folder = -1;
	memcpy(to->base, BASE, sizeof(BASE));
	r = app_bundle_read(b->manifest, &to->manifest, ret_why);
	if (r == 0)
		r = open_images(b, to, ret_why);
	if (r < 0)
		app_bundle_close(to);
	else
		*ret = to;
	return r;
}

void app_bundle_close(struct bundle *b)
{
	if (!b)
		return;
	while (b->n > 0)
		(void)close(b->images[--b->n]);
	closep(&b->folder);
	buf_done(&b->manifest);
	free(b);
}

void app_bundle_fetch(struct app *a)
{
	struct run *run = a->run;

	buf_done(&run->body);
	run->body = run->bundle->manifest;
	run->bundle->manifest = (struct buf){0};
	run->fetched = true;
	run->reply = (struct proto_fetched){0};
	(void)snprintf(run->reply.url, sizeof(run->reply.url), "%s", run->bundle->base);
	(void)app_job_event(a, JOB_FETCHED);
}

bool app_bundle_image(struct app *a)
{
	struct run *run = a->run;

	run->fetched = true; /* nothing is, and the writer's word is the only one */
	run->reply = (struct proto_fetched){.error = FWE_OK};
	if (lseek(run->bundle->images[run->image], 0, SEEK_SET) < 0)
		return false;
	run->stream_fd = fcntl(run->bundle->images[run->image], F_DUPFD_CLOEXEC, 3);
	return run->stream_fd >= 0;
}

/* ---- description ---- */

static uint64_t seconds(uint64_t us)
{
	return us / USEC_PER_SEC;
}

static const char *text(const char *s)
{
	return s ? s : "";
}

static void describe_image(const struct plan_image *image, const struct digests *whole,
			   char room[APP_DIGEST_TEXT], struct fwupd_dict *ret)
{
	const struct digests *d = image->digests.algs ? &image->digests : whole;
	enum hash_alg alg = HASH_SHA256;

	room[0] = '\0';
	while (alg < HASH_COUNT && (d->algs & HASH_BIT(alg)) == 0)
		alg++;
	if (alg < HASH_COUNT) {
		int n = snprintf(room, APP_DIGEST_TEXT, "%s:", hash_name(alg));

		hex_encode(span_of(d->b[alg], hash_len(alg)), room + n);
	}
	fwupd_dict_str(ret, "component", image->component);
	fwupd_dict_str(ret, "url", strncmp(image->url, BASE, strlen(BASE)) ? image->url : "");
	fwupd_dict_num(ret, "size", image->size == MANIFEST_SIZE_UNKNOWN ? 0 : image->size);
	fwupd_dict_str(ret, "digest", room);
}

static void describe(struct app *a, const struct run *run, struct fwupd_description *ret)
{
	const struct manifest *m = run->judgement.manifest;
	struct state_entry *e = &a->told;

	app_entry_of(a, run, e);
	fw_version_format(&m->version, e->to);
	fwupd_dict_str(&ret->head, "version", e->to);
	fwupd_dict_str(&ret->head, "manufacturer", m->manufacturer);
	fwupd_dict_str(&ret->head, "model", m->model);
	fwupd_dict_str(&ret->head, "digest", e->digest);
	fwupd_dict_str(&ret->head, "signer", e->signer);
	fwupd_dict_str(&ret->head, "verdict", fw_verdict_name(run->judgement.verdict));
	fwupd_dict_num(&ret->head, "sequence", m->sequence);
	fwupd_dict_num(&ret->head, "security-version", m->security_version);
	fwupd_dict_num(&ret->head, "timestamp", seconds(m->timestamp_us));
	fwupd_dict_num(&ret->head, "expires",
		       (m->has & MANIFEST_EXPIRES) != 0 ? seconds(m->expires_us) : 0);
	fwupd_dict_num(&ret->head, "size", m->size == MANIFEST_SIZE_UNKNOWN ? 0 : m->size);
	fwupd_dict_str(&ret->head, "severity", text(m->severity));
	fwupd_dict_str(&ret->head, "release-notes", text(m->release_notes));
	fwupd_dict_str(&ret->head, "release-notes-uri", text(m->release_notes_uri));
	fwupd_dict_str(&ret->head, "source", e->source < 0 ? "" : DISCOVER_SOURCE_NAMES[e->source]);
	fwupd_dict_str(&ret->head, "url", e->url);
	for (size_t i = 0; i < run->plan.n; i++, ret->n++)
		describe_image(&run->plan.images[i], &run->plan.digests, a->told_digests[i],
			       &ret->images[i]);
}

static int judge_described(struct app *a, const struct fwupd_options *o,
			   struct fwupd_refusal *ret_why)
{
	struct run *run = a->described;
	char error[FWUPD_TEXT_ROOM];
	enum fw_error e;
	int r = app_bundle_read(o->manifest, &run->body, ret_why);

	if (r < 0)
		return r;
	if (app_keys_load(a, run, error, sizeof(error)) < 0)
		return refuse(ret_why, FWE_INTERNAL, error);
	app_judge_run(a, run);
	if (run->judgement.verdict == FW_REJECT)
		return refuse(ret_why, run->judgement.error, "The manifest was refused");
	if (o->has_digest && memcmp(o->digest, run->judgement.sha256, FWUPD_DIGEST) != 0)
		return refuse(ret_why, FWE_POLICY_NOT_AUTHORISED,
			      "Another manifest than the one required");
	e = plan_make(run->judgement.manifest, BASE, &run->ring, &run->plan);
	return e == FWE_OK ? 0 : refuse(ret_why, e, "The images cannot be found");
}

int app_describe(void *arg, const struct fwupd_options *o, struct fwupd_description *ret,
		 struct fwupd_refusal *ret_why)
{
	struct app *a = arg;
	int r = 0;

	if (o) {
		app_run_free(a->described);
		a->described = calloc(1, sizeof(*a->described));
		if (!a->described)
			return -ENOMEM;
		a->described->spool_fd = -1; /* and not 0, which app_run_free() would close */
		r = judge_described(a, o, ret_why);
	} else if (!a->run->judgement.manifest) { /* that of a later server was none at all */
		r = refuse(ret_why, FWE_DISCOVERY_NO_SERVER, "No server has a newer manifest");
	}
	if (r == 0)
		describe(a, o ? a->described : a->run, ret);
	return r;
}
