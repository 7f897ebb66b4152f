#include "app_parts.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "build_time.h"
#include "bus/loop.h"
#include "fw/keyset.h"

#define BUILD_TIME_US (BUILD_TIME_S * USEC_PER_SEC)

/* Time is at least this, whatever a clock says that nobody has set. */
static uint64_t time_bound(const struct app *a)
{
	return a->state->clock_us > BUILD_TIME_US ? a->state->clock_us : BUILD_TIME_US;
}

int app_on_hour(void *arg)
{
	struct app *a = arg;

	/* A job stores the state itself. */
	if (!a->run && state_keep_time(a->state, clock_real_is_kept(), clock_real_us()) &&
	    state_save(a->state) < 0)
		log_warning("state: the time could not be stored");
	app_publish(a);
	loop_timer_set(a->hour_timer, clock_monotonic_us() + APP_HOUR_US);
	return 0;
}

void app_judge_run(struct app *a, struct run *run)
{
	const struct state_accepted *seen = &a->state->accepted;
	struct uuid vendor, class;
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
		/* What was in time when it began stays so. */
		.last_timestamp_us = run->rescue ? 0 : seen->timestamp_us,
		.key_info_version = run->key_info_version,
		.clock_trusted = !run->rescue && clock_real_is_kept(),
		.now_us = clock_real_us(),
		.bound_us = run->rescue ? 0 : time_bound(a),
		.threshold = a->config->threshold,
		.ring = &run->ring,
		.strict = a->config->freshness == 1,
		.allow_downgrade = a->config->allow_downgrade || run->allow_downgrade,
		.reinstall = run->reinstall,
		.direct = run->direct,
		.sized = a->config->device_class == CLASS_ERASE_FIRST,
	};

	if (uuid_parse(span_str(a->config->vendor_id), &vendor))
		c.vendor_id = &vendor;
	if (uuid_parse(span_str(a->config->class_id), &class))
		c.class_id = &class;
	if (a->has_current && seen->any && fw_version_cmp(&seen->version, &a->current) == 0)
		c.current_digests = &seen->digests;
	(void)state_keep_time(a->state, c.clock_trusted,
			      c.now_us); /* stored with the end of the job */
	fw_judge(&c, run->trust, app_manifest_octets(run), &run->judgement);
	if (run->judgement.warning != FWE_OK)
		log_warning("manifest: %s", fw_error_name(run->judgement.warning));
}

/* The maker's new keys hold from now on, whatever becomes of the image. */
int app_rotate_keys(struct app *a)
{
	struct run *run = a->run;
	struct buf record = BUF_INIT(KEYSET_RECORD_MAX);
	char error[PROTO_TEXT] = "";
	int r;

	if (!run->judgement.rotates_keys || run->dry_run)
		return 0;
	r = keyset_rotate(run->installed, buf_span(&a->state->keys), run->judgement.manifest,
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
	return r == -EBADMSG ? 0 : r; /* a set that is of no use is none */
}

/* What is newer ends every suspicion of its source. */
static void note_newer(struct app *a)
{
	const struct run *run = a->run;
	enum discover_source source = run->tries.at[run->at].source;

	if (source < DISCOVER_OFFLINE && !run->dry_run)
		(void)freeze_note(&a->state->freeze[source], run->judgement.manifest->timestamp_us,
				  clock_real_us() / USEC_PER_SEC, UINT64_MAX);
}

static void accepted(struct app *a)
{
	struct run *run = a->run;
	char version[FW_VERSION_TEXT + 1];
	enum fw_error e;
	bool wait;
	int r = 0;

	/* A rescue start must judge this manifest by the keys of now. */
	if (!run->rescue && a->config->device_class != CLASS_ERASE_FIRST)
		r = app_rotate_keys(a);
	if (r < 0) {
		app_trouble(a, r == -ENOSPC ? FWE_INSTALL_NO_SPACE : FWE_INTERNAL,
			    "new keys cannot be stored");
		return;
	}
	fw_version_format(&run->judgement.manifest->version, version);
	/* It is installed already, and waits for the next boot. */
	if (!strcmp(version, a->facts.pending) && !run->reinstall) {
		(void)app_job_event(a, JOB_SAME);
		return;
	}
	run->was_rolled_back = !run->retry_rejected && state_is_rejected(a->state, &run->judgement);
	if (run->was_rolled_back) {
		log_info("manifest: version=%s was rolled back before", version);
		(void)app_job_event(a, JOB_SAME);
		return;
	}
	e = plan_make(run->judgement.manifest, run->manifest_url, &run->ring, &run->plan);
	if (e != FWE_OK) {
		app_job_note(a, e, "the images cannot be found");
		(void)app_job_event(a, JOB_REFUSED);
		return;
	}
	if (run->bundle && run->bundle->folder >= 0 && !app_media_images(a)) {
		(void)app_job_event(a, JOB_REFUSED);
		return;
	}
	if (run->bundle && run->bundle->n != run->plan.n) {
		app_job_note(a, FWE_IMAGE_TRUNCATED, "not as many images as the manifest has");
		(void)app_job_event(a, JOB_REFUSED);
		return;
	}
	run->reuse = REUSE_UNTRIED;
	run->job.total = run->plan.size == MANIFEST_SIZE_UNKNOWN ? 0 : run->plan.size;
	log_info("manifest: accepted version=%s url=%s", version, run->manifest_url);
	if (strcmp(a->facts.available, version) != 0)
		fwupd_vtable_available(a->vtable, version);
	memcpy(a->facts.available, version, sizeof(version));
	run->is_withheld = false;
	note_newer(a);
	if (run->dry_run) {
		app_missing(a, run, &run->missing);
		app_probe(a);
		return;
	}
	/* What has no firmware waits for nobody. */
	wait = run->job.kind != JOB_CHECK && !run->rescue && app_must_wait(a);
	(void)app_job_event(a, wait ? JOB_MUST_WAIT : JOB_ACCEPTED);
}

/* A source that shows nothing newer for long may hold something back. */
static bool is_suspected(struct app *a)
{
	struct run *run = a->run;
	enum discover_source source = run->tries.at[run->at].source;
	struct freeze *f = &a->state->freeze[source];
	enum freeze_verdict v;

	if (a->config->stale_us == 0 || source >= DISCOVER_OFFLINE || run->url[0] || run->dry_run ||
	    !run->judgement.manifest)
		return false;
	v = freeze_note(f, run->judgement.manifest->timestamp_us, clock_real_us() / USEC_PER_SEC,
			a->config->stale_us / USEC_PER_SEC);
	if (v == FREEZE_NEWS)
		fwupd_vtable_freeze(a->vtable, DISCOVER_SOURCE_NAMES[source], run->manifest_url,
				    f->since_s);
	if (v == FREEZE_NEWS)
		app_job_note(a, FWE_POLICY_FREEZE_SUSPECTED, "nothing newer for too long");
	else if (v == FREEZE_KNOWN)
		job_note(&run->job, FWE_POLICY_FREEZE_SUSPECTED, run->at);
	return v != FREEZE_NONE;
}

static void no_update(struct app *a)
{
	struct run *run = a->run;

	log_info("manifest: nothing newer version=%s url=%s", a->facts.current, run->manifest_url);
	a->facts.available[0] = '\0';
	if (run->erased) { /* by this job: what ran before is not there any more */
		(void)app_job_event(a, JOB_REFUSED);
		return;
	}
	(void)app_rotate_keys(a); /* the next check tries again */
	run->is_withheld = is_suspected(a);
	run->withheld_at = run->at;
	(void)app_job_event(a, run->is_withheld ? JOB_REFUSED : JOB_SAME);
}

void app_judge(struct app *a)
{
	struct run *run = a->run;
	char error[CONFIG_TEXT + PROTO_TEXT];

	fw_judgement_done(&run->judgement); /* it borrows from the keys */
	app_keys_drop(run);
	if (app_keys_load(a, run, error, sizeof(error)) < 0) {
		log_error("trust: %s", error);
		app_job_note(a, FWE_INTERNAL, error);
		(void)app_job_event(a, JOB_TROUBLE);
		return;
	}
	(void)snprintf(run->manifest_url, sizeof(run->manifest_url), "%s",
		       run->direct ? run->tries.at[run->at].url : run->reply.url);
	run->private_peer = run->reply.private_peer != 0;
	app_judge_run(a, run);
	a->facts.source = DISCOVER_SOURCE_NAMES[run->tries.at[run->at].source];
	(void)snprintf(a->facts.url, sizeof(a->facts.url), "%s",
		       run->tries.at[run->at].root > 0 ? run->tries.at[run->at].url
						       : run->manifest_url);
	if (run->has_digest &&
	    memcmp(run->digest, run->judgement.sha256, sizeof(run->digest)) != 0) {
		app_job_note(a, FWE_POLICY_NOT_AUTHORISED,
			     "another manifest than the one required");
		(void)app_job_event(a, JOB_REFUSED);
		return;
	}
	switch (run->judgement.verdict) {
	case FW_ACCEPT:
		accepted(a);
		break;
	case FW_NO_UPDATE:
		no_update(a);
		break;
	case FW_REJECT:
		if (run->judgement.error == FWE_MANIFEST_EXPIRED)
			(void)is_suspected(a);
		app_job_note(a, run->judgement.error, "the manifest was refused");
		(void)app_job_event(a, JOB_REFUSED);
		break;
	}
}
