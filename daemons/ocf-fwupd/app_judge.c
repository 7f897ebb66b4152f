#include "app_parts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "fw/keyset.h"

#define TRUST_FILE_MAX ((size_t)256 * 1024)
#define READ_STEP      ((size_t)4096)

static int read_all(int fd, struct buf *out)
{
	ssize_t n;

	do {
		uint8_t *at = buf_room(out, READ_STEP);

		if (!at)
			return -EFBIG;
		n = read(fd, at, READ_STEP);
		out->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return n < 0 ? -errno : 0;
}

/* The trust store belongs to root (or to us, where that is the same), and nobody else writes it. */
static int read_trust(const char *path, struct buf *out)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & 022) != 0)
		return -EPERM;
	return read_all(fd, out);
}

/* The trust store as it is installed. */
static int load_installed(const struct app *a, struct trust **ret, char *ret_error, size_t room)
{
	struct buf text = BUF_INIT(TRUST_FILE_MAX);
	int r = read_trust(a->config->trust, &text);

	if (r < 0)
		(void)snprintf(ret_error, room, "%s: %s", a->config->trust,
			       r == -EPERM ? "must belong to root, and only root may write it"
					   : strerror(-r));
	else
		r = trust_parse(buf_span(&text), ret, ret_error, room);
	buf_done(&text);
	return r;
}

/* With the newest key-info in force. A damaged record of it is an error: to fall back on the
 * installed keys would bring back what was revoked. */
static int load_trust(const struct app *a, struct run *run, char *ret_error, size_t room)
{
	int r = load_installed(a, &run->installed, ret_error, room);

	return r < 0 ? r
		     : keyset_trust(run->installed, buf_span(&a->state->keys), &run->trust,
				    &run->key_info_version, ret_error, room);
}

static void judge(struct app *a)
{
	const struct state_accepted *seen = &a->state->accepted;
	const struct run *run = a->run;
	struct fw_context c = {
		.manufacturer = a->config->manufacturer,
		.model = a->config->model,
		.hardware = a->config->hardware[0] ? a->config->hardware : NULL,
		.has_current = a->has_current,
		.current = a->current,
		.security_floor = seen->floor,
		.seen = seen->seen,
		.last_sequence = seen->sequence,
		.last_manifest_sha256 = seen->any ? seen->sha256 : NULL,
		.last_timestamp_us = seen->timestamp_us,
		.key_info_version = run->key_info_version,
		.clock_trusted = clock_real_is_kept(),
		.now_us = clock_real_us(),
		.bound_us = a->state->clock_us,
		.threshold = a->config->threshold,
		.strict = a->config->freshness == 1,
		.allow_downgrade = a->config->allow_downgrade || run->allow_downgrade,
		.reinstall = run->reinstall,
	};

	if (a->has_current && seen->any && fw_version_cmp(&seen->version, &a->current) == 0)
		c.current_digests = &seen->digests;
	if (c.clock_trusted && c.now_us > a->state->clock_us)
		a->state->clock_us = c.now_us; /* stored with the end of the job */
	fw_judge(&c, run->trust, buf_span(&run->body), &a->run->judgement);
	if (a->run->judgement.warning != FWE_OK)
		log_warning("manifest: %s", fw_error_name(a->run->judgement.warning));
}

/* The maker's new keys hold from now on, whatever becomes of the image. */
static void rotate_keys(struct app *a)
{
	struct run *run = a->run;
	struct buf record = BUF_INIT(KEYSET_RECORD_MAX);
	char error[PROTO_TEXT] = "";
	int r = keyset_rotate(run->installed, buf_span(&a->state->keys), run->judgement.manifest,
			      &record, error, sizeof(error));

	if (r == 0)
		r = state_save_keys(a->state, buf_span(&record));
	if (r == 0)
		log_info("keys: in force from now on are those of key-info version=%" PRIu64,
			 run->judgement.manifest->key_info_version);
	else
		log_error("keys: key-info is not applied version=%" PRIu64 " error=%s",
			  run->judgement.manifest->key_info_version,
			  error[0] != '\0' ? error : strerror(-r));
	buf_done(&record);
}

static void accepted(struct app *a)
{
	struct run *run = a->run;
	char version[FW_VERSION_TEXT + 1];
	enum fw_error e;

	if (run->judgement.rotates_keys)
		rotate_keys(a);
	fw_version_format(&run->judgement.manifest->version, version);
	/* It is installed already, and waits for the next boot. */
	if (!strcmp(version, a->facts.pending) && !run->reinstall) {
		(void)app_job_event(a, JOB_SAME);
		return;
	}
	e = plan_make(run->judgement.manifest, run->manifest_url, &run->plan);
	if (e != FWE_OK) {
		app_job_note(a, e, "the images cannot be found");
		(void)app_job_event(a, JOB_REFUSED);
		return;
	}
	run->job.total = run->plan.size == MANIFEST_SIZE_UNKNOWN ? 0 : run->plan.size;
	log_info("manifest: accepted version=%s url=%s", version, run->manifest_url);
	if (strcmp(a->facts.available, version) != 0)
		fwupd_vtable_available(a->vtable, version);
	memcpy(a->facts.available, version, sizeof(version));
	(void)app_job_event(a, run->job.kind != JOB_CHECK && app_must_wait(a) ? JOB_MUST_WAIT
									      : JOB_ACCEPTED);
}

static void no_update(struct app *a)
{
	log_info("manifest: nothing newer version=%s url=%s", a->facts.current,
		 a->run->manifest_url);
	a->facts.available[0] = '\0';
	(void)app_job_event(a, JOB_SAME);
}

void app_judge(struct app *a)
{
	struct run *run = a->run;
	char error[CONFIG_TEXT + PROTO_TEXT];

	fw_judgement_done(&run->judgement); /* it borrows from the keys */
	run->installed = trust_free(run->installed);
	run->trust = trust_free(run->trust);
	if (load_trust(a, run, error, sizeof(error)) < 0) {
		log_error("trust: %s", error);
		app_job_note(a, FWE_INTERNAL, error);
		(void)app_job_event(a, JOB_TROUBLE);
		return;
	}
	(void)snprintf(run->manifest_url, sizeof(run->manifest_url), "%s", run->reply.url);
	run->private_peer = run->reply.private_peer != 0;
	judge(a);
	a->facts.source = DISCOVER_SOURCE_NAMES[run->tries.at[run->at].source];
	(void)snprintf(a->facts.url, sizeof(a->facts.url), "%s", run->manifest_url);
	switch (run->judgement.verdict) {
	case FW_ACCEPT:
		accepted(a);
		break;
	case FW_NO_UPDATE:
		no_update(a);
		break;
	case FW_REJECT:
		app_job_note(a, run->judgement.error, "the manifest was refused");
		(void)app_job_event(a, JOB_REFUSED);
		break;
	}
}
