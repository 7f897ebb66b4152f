/* Firmware on a medium: its files become a bundle, and nothing is fetched. */
#include "app_parts.h"

#include <fcntl.h>

#include "base/log.h"
#include "beneath.h"

static void drop_bundle(struct run *run)
{
	app_bundle_close(run->bundle);
	run->bundle = NULL;
}

/* Opens the manifest of the try at hand. -ENOENT: there is none at that place. */
static int open_manifest(struct run *run, struct fwupd_refusal *ret_why)
{
	char folder[OFFLINE_PATH], file[OFFLINE_PATH];
	CLEANUP(closep) int fd = -1;
	int r;

	if (!offline_parts(&run->tries.at[run->at], folder, file))
		return -EINVAL;
	run->bundle = calloc(1, sizeof(*run->bundle));
	if (!run->bundle)
		return -ENOMEM;
	run->bundle->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (run->bundle->folder < 0)
		return -errno;
	r = beneath_open(run->bundle->folder, file, &fd);
	if (r == 0)
		r = app_bundle_read(fd, &run->bundle->manifest, ret_why);
	if (r == 0 && !offline_base(file, run->bundle->base))
		r = -ENAMETOOLONG;
	return r;
}

bool app_media_begin(struct app *a)
{
	struct run *run = a->run;
	const struct discover_try *try = &run->tries.at[run->at];
	struct fwupd_refusal why = {0};
	int r;

	if (!run->bundle || run->bundle->folder >= 0)
		drop_bundle(run); /* of another medium */
	run->direct = a->config->direct && !run->bundle && try->root == 0;
	if (try->root == 0)
		return true;
	log_info("discover: looking url=%s", try->url);
	r = open_manifest(run, &why);
	if (r == 0)
		return true;
	drop_bundle(run);
	if (r == -ENOENT)
		(void)app_job_event(a, JOB_MISSING);
	else
		app_manifest_failed(a, why.error != FWE_OK ? why.error : FWE_FETCH_CONNECT_FAILED,
				    why.text[0] ? why.text : strerror(-r));
	return false;
}

bool app_media_images(struct app *a)
{
	struct run *run = a->run;
	struct bundle *b = run->bundle;
	char file[OFFLINE_PATH];

	for (; b->n < run->plan.n; b->n++) {
		const char *url = run->plan.images[b->n].url;
		bool is_here = offline_file(span_str(url), file);
		int r = is_here ? beneath_open(b->folder, file, &b->images[b->n]) : -EREMOTE;

		if (r < 0) {
			char text[PROTO_TEXT];

			text_put(text, sizeof(text), "%s: %s", strerror(-r), is_here ? file : url);
			app_job_note(a, FWE_IMAGE_TRUNCATED, text);
			return false;
		}
	}
	return true;
}

int app_media_tries(struct app *a)
{
	const struct discover d = {.manufacturer = a->config->manufacturer,
				   .model = a->config->model};
	char found[OFFLINE_MEDIA][OFFLINE_PATH];
	uint64_t print;
	size_t n = media_find(a->config, found, &print);
	int r = 0;

	a->run->tries.n = 0;
	for (size_t i = 0; i < n && r == 0; i++)
		r = offline_add(&a->run->tries, (unsigned)i, &d, found[i]);
	return r;
}

static void on_medium(void *arg)
{
	const struct fwupd_options options = {
		.uid = ENTRY_TIMER, .manifest = -1, .source = "offline"};
	struct app *a = arg;
	bool install = a->config->auto_install && app_in_window(a);
	char why[FWUPD_TEXT_ROOM];

	a->medium_waits = a->run != NULL;
	if (a->medium_waits)
		return;
	if (app_inhibited(a, POLICY_CHECK, why, sizeof(why)))
		log_info("update: no look at the medium: %s", why);
	else if (app_job_start(a, install ? JOB_INSTALL : JOB_CHECK, &options, true, true, NULL) <
		 0)
		log_error("update: no look at the medium");
}

void app_media_look(struct app *a)
{
	if (a->medium_waits)
		on_medium(a);
}

int app_media_start(struct app *a)
{
	return media_watch_new(&a->media, a->config, a->loop, on_medium, a);
}
