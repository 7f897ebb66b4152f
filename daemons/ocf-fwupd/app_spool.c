#include "app_parts.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/log.h"
#include "base/parse.h"

#define SPOOL     "spool"
#define NAME_ROOM (2 * 32 + 8)
#define MIB       (UINT64_C(1024) * 1024)

/* One file for each image of a manifest. */
static void name_of(const struct run *run, size_t i, char ret[NAME_ROOM])
{
	char hex[2 * sizeof(run->judgement.sha256) + 1];

	hex_encode(span_of(run->judgement.sha256, sizeof(run->judgement.sha256)), hex);
	(void)snprintf(ret, NAME_ROOM, "%s-%zu", hex, i);
}

int app_spool_open(struct app *a, const char *state_dir)
{
	CLEANUP(closep) int dir = -1;

	a->spool_dir = -1;
	if (a->config->device_class != CLASS_STAGED)
		return 0;
	dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || (mkdirat(dir, SPOOL, 0700) < 0 && errno != EEXIST))
		return -errno;
	a->spool_dir = openat(dir, SPOOL, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return a->spool_dir < 0 ? -errno : 0;
}

/* All files but those of this run; NULL: all. */
static void empty(struct app *a, const struct run *run)
{
	char keep[NAME_ROOM] = "";
	int fd = openat(a->spool_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!d) {
		closep(&fd);
		return;
	}
	if (run)
		name_of(run, 0, keep);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && (!run || strncmp(e->d_name, keep, 64) != 0))
			(void)unlinkat(a->spool_dir, e->d_name, 0);
	(void)closedir(d);
}

static int open_file(struct app *a, size_t i)
{
	char name[NAME_ROOM];

	name_of(a->run, i, name);
	return openat(a->spool_dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static void close_file(struct run *run)
{
	if (run->spool_fd >= 0)
		(void)close(fd_take(&run->spool_fd));
}

static uint64_t there(const struct run *run)
{
	struct stat st;

	return run->spool_fd >= 0 && fstat(run->spool_fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* FWE_OK: there is room for all that is still to come, within the quota. */
static enum fw_error check_room(const struct app *a)
{
	const struct plan *plan = &a->run->plan;
	uint64_t all = 0, quota = a->config->spool_max_mib * MIB;
	struct statvfs fs;

	for (size_t i = 0; i < plan->n; i++) {
		uint64_t size = plan_delivered_size(&plan->images[i]);

		if (size == MANIFEST_SIZE_UNKNOWN)
			return FWE_MANIFEST_FIELD_MISSING;
		all += size;
	}
	if (fstatvfs(a->spool_dir, &fs) < 0)
		return FWE_INTERNAL;
	return (quota > 0 && all > quota) || all / fs.f_frsize >= fs.f_bavail ? FWE_INSTALL_NO_SPACE
									      : FWE_OK;
}

bool app_spool_begin(struct app *a)
{
	struct run *run = a->run;
	enum fw_error e;

	if (a->config->device_class != CLASS_STAGED || run->bundle)
		return false;
	app_drop_stream(a);
	run->fetched = true;
	run->reuse = REUSE_OFF; /* what is verified must be whole */
	empty(a, run);
	e = check_room(a);
	if (e == FWE_MANIFEST_FIELD_MISSING) {
		app_job_note(a, e, "imageSize");
		(void)app_job_event(a, JOB_IMAGE_BAD);
	} else if (e != FWE_OK) {
		app_trouble(a, e, "the spool has no room for the images");
	} else {
		run->spooling = true;
		run->image = 0;
		app_spool_next(a);
	}
	return true;
}

static void verify(struct app *a)
{
	struct run *run = a->run;
	struct proto_msg m = {.type = PROTO_VERIFY};

	app_image_put(&run->plan.images[run->image], &m.image);
	if (m.image.digests.algs == 0) /* those of the whole are its own */
		app_put_digests(&run->plan.digests, &m.image.digests);
	if (lseek(run->spool_fd, 0, SEEK_SET) < 0)
		app_trouble(a, FWE_INTERNAL, strerror(errno));
	else
		app_ask_writer(a, AWAIT_VERIFY, &m, run->spool_fd);
	explicit_bzero(&m, sizeof(m));
	if (a->run == run)
		(void)app_job_event(a, JOB_BODY_END);
}

static void ask_from(struct app *a, uint64_t octets)
{
	struct run *run = a->run;

	if (ftruncate(run->spool_fd, (off_t)octets) < 0 ||
	    lseek(run->spool_fd, (off_t)octets, SEEK_SET) < 0) {
		app_trouble(a, FWE_INTERNAL, strerror(errno));
		return;
	}
	run->image_in = fcntl(run->spool_fd, F_DUPFD_CLOEXEC, 3);
	app_image_ask(a, (run->direct ? run->body_want : 0) + octets);
}

void app_spool_next(struct app *a)
{
	struct run *run = a->run;
	uint64_t size = plan_delivered_size(&run->plan.images[run->image]);

	close_file(run);
	run->spool_fd = open_file(a, run->image);
	if (run->spool_fd < 0) {
		app_trouble(a, FWE_INTERNAL, strerror(errno));
		return;
	}
	run->kept = there(run);
	if (run->kept == size)
		verify(a);
	else
		ask_from(a, run->kept < size ? run->kept : 0);
}

void app_spool_fetched(struct app *a, bool declined)
{
	struct run *run = a->run;

	app_image_close(run);
	if (!declined) {
		verify(a);
	} else if (run->direct) {
		app_job_note(a, FWE_FETCH_HTTP_STATUS, "the server gives no ranges");
		(void)app_job_event(a, JOB_IMAGE_BAD);
	} else {
		log_warning("update: the server does not give the rest, so the whole is fetched");
		run->no_ranges = true;
		run->kept = 0;
		ask_from(a, 0);
	}
}

void app_spool_failed(struct app *a)
{
	app_image_close(a->run);
	app_job_note(a, (enum fw_error)a->run->reply.error, a->run->reply.text);
	(void)app_job_event(a, JOB_IMAGE_BAD);
}

void app_spool_verified(struct app *a, const struct proto_done *d)
{
	struct run *run = a->run;

	if (d->error != FWE_OK) {
		bool again = run->kept > 0;

		run->kept = 0;
		if (ftruncate(run->spool_fd, 0) < 0)
			app_trouble(a, FWE_INTERNAL, strerror(errno));
		else if (again) {
			log_warning("update: what was kept of image=%zu does not fit, so the whole "
				    "is fetched: %s",
				    run->image, d->text);
			(void)app_job_event(a, JOB_IMAGE_OK); /* it is next once more */
		} else {
			app_job_note(a, (enum fw_error)d->error, d->text);
			(void)app_job_event(a, JOB_IMAGE_BAD);
		}
		return;
	}
	run->octets_before += plan_delivered_size(&run->plan.images[run->image]);
	run->image++;
	if (run->image < run->plan.n) {
		(void)app_job_event(a, JOB_IMAGE_OK);
		return;
	}
	run->spooling = false;
	run->spooled = true;
	close_file(run);
	log_info("update: all images are in the spool and verified");
	(void)app_job_event(a, run->job.kind == JOB_INSTALL ? JOB_AGAIN : JOB_ALL_OK);
}

bool app_spool_image(struct app *a)
{
	struct run *run = a->run;

	run->fetched = true;
	run->reply = (struct proto_fetched){.error = FWE_OK};
	run->stream_fd = open_file(a, run->image);
	return run->stream_fd >= 0;
}

void app_spool_progress(struct app *a)
{
	struct run *run = a->run;
	uint64_t octets = run->octets_before + there(run);

	if (!run->spooling || run->awaited == AWAIT_VERIFY || octets <= run->job.octets)
		return;
	job_progress(&run->job, octets);
	app_expect_fetch(a, app_image_silence_us(a));
}

void app_spool_ended(struct app *a)
{
	close_file(a->run);
	if (a->spool_dir >= 0 && a->run->job.result == JOB_INSTALLED)
		empty(a, NULL);
}
