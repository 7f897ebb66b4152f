#include "media.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "beneath.h"
#include "bus/loop.h"
#include "folders.h"

#define MOUNTS    "/proc/self/mountinfo"
#define SETTLE_US (2 * USEC_PER_SEC) /* files may still be on their way into a folder */
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static void mix(uint64_t *print, uint64_t value)
{
	*print = (*print ^ value) * FNV_PRIME;
}

/* Whether there is a manifest in the folder, where one of the tries would be. */
static bool has_manifest(const struct fwupd_config *c, const char *path, uint64_t *print)
{
	const struct discover d = {.manufacturer = c->manufacturer, .model = c->model};
	static struct discover_list list; /* large, and of no interest afterwards */
	CLEANUP(closep) int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char folder[OFFLINE_PATH], file[OFFLINE_PATH];
	bool found = false;

	list.n = 0;
	if (root < 0 || offline_add(&list, 0, &d, path) < 0)
		return false;
	for (size_t i = 0; i < list.n; i++) {
		CLEANUP(closep) int fd = -1;
		struct stat st;

		if (!offline_parts(&list.at[i], folder, file) ||
		    beneath_open(root, file, &fd) < 0 || fstat(fd, &st) < 0)
			continue;
		mix(print, st.st_dev);
		mix(print, st.st_ino);
		mix(print, (uint64_t)st.st_mtim.tv_sec);
		mix(print, (uint64_t)st.st_mtim.tv_nsec);
		found = true;
	}
	return found;
}

static int no_hidden(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static void take(const struct fwupd_config *c, const char *path,
		 char ret[OFFLINE_MEDIA][OFFLINE_PATH], size_t *n, uint64_t *print)
{
	if (*n < OFFLINE_MEDIA && has_manifest(c, path, print))
		(void)snprintf(ret[(*n)++], OFFLINE_PATH, "%s", path);
}

size_t media_find(const struct fwupd_config *c, char ret[OFFLINE_MEDIA][OFFLINE_PATH],
		  uint64_t *ret_print)
{
	const char *folders[OFFLINE_MEDIA];
	char room[CONFIG_LIST], path[OFFLINE_PATH];
	uint64_t print = FNV_BASIS;
	size_t found = 0, n = config_media(c, room, folders);

	for (size_t i = 0; i < n; i++) {
		struct dirent **entries = NULL;
		int k = scandir(folders[i], &entries, no_hidden, alphasort);

		take(c, folders[i], ret, &found, &print);
		for (int e = 0; e < k; e++) {
			int len = snprintf(path, sizeof(path), "%s/%s", folders[i],
					   entries[e]->d_name);

			if (len > 0 && (size_t)len < sizeof(path))
				take(c, path, ret, &found, &print);
			free(entries[e]);
		}
		free(entries);
	}
	*ret_print = print;
	return found;
}

/* ---- when one appears ---- */

struct media_watch {
	const struct fwupd_config *config;
	struct loop *loop;
	void (*fn)(void *arg);
	void *arg;
	int mounts; /* -1: not followed */
	struct folders *folders;
	struct loop_timer *settle;
	bool settling;
	uint64_t print; /* of what is known */
	char room[CONFIG_LIST];
	const char *paths[OFFLINE_MEDIA];
};

static void on_news(void *arg)
{
	struct media_watch *w = arg;

	if (w->settling)
		return;
	w->settling = true;
	loop_timer_set(w->settle, clock_monotonic_us() + SETTLE_US);
}

static int on_mount(void *arg, uint32_t revents)
{
	(void)revents;
	on_news(arg);
	return 0;
}

static int on_settled(void *arg)
{
	char found[OFFLINE_MEDIA][OFFLINE_PATH];
	struct media_watch *w = arg;
	uint64_t print;
	size_t n = media_find(w->config, found, &print);
	bool is_new = n > 0 && print != w->print;

	w->settling = false;
	w->print = print;
	for (size_t i = 0; i < n && is_new; i++)
		log_info("discover: medium folder=%s",
			 log_text(&(struct log_buf){0}, span_str(found[i])));
	if (is_new)
		w->fn(w->arg);
	return 0;
}

int media_watch_new(struct media_watch **ret, const struct fwupd_config *c, struct loop *loop,
		    void (*fn)(void *arg), void *arg)
{
	CLEANUP(media_watch_freep) struct media_watch *w = calloc(1, sizeof(*w));
	size_t n;
	int r;

	if (!w)
		return -ENOMEM;
	*w = (struct media_watch){.config = c, .loop = loop, .fn = fn, .arg = arg, .mounts = -1};
	n = config_media(c, w->room, w->paths);
	r = loop_timer_new(&w->settle, loop, on_settled, w);
	if (r < 0)
		return r;
	if (n > 0) {
		r = folders_new(&w->folders, loop, w->paths, n, on_news, w);
		w->mounts = open(MOUNTS, O_RDONLY | O_CLOEXEC);
		if (r == 0 && w->mounts >= 0)
			r = loop_add_fd(loop, w->mounts, EPOLLPRI, on_mount, w);
		if (r < 0 || w->mounts < 0)
			log_warning("discover: media cannot be followed error=%s",
				    strerror(r < 0 ? -r : ENOENT));
		on_news(w);
	}
	*ret = w;
	w = NULL;
	return 0;
}

struct media_watch *media_watch_free(struct media_watch *w)
{
	if (!w)
		return NULL;
	folders_free(w->folders);
	if (w->mounts >= 0)
		loop_del_fd(w->loop, w->mounts);
	closep(&w->mounts);
	loop_timer_free(w->settle);
	free(w);
	return NULL;
}
