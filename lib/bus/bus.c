#include "bus/bus.h"

#include <assert.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <systemd/sd-bus.h>

#include "base/clock.h"
#include "bus/loop.h"

#define DEFAULT_ADDRESS "unix:path=/run/dbus/system_bus_socket"
#define LOCAL_NAME      "org.freedesktop.DBus.Local"
#define LOCAL_PATH      "/org/freedesktop/DBus/Local"

/* A bus that is there but refuses us is asked again after this long, doubled each time. */
#define RETRY_FIRST_US (1 * USEC_PER_SEC)
#define RETRY_LAST_US  (64 * USEC_PER_SEC)

struct bus {
	struct loop *loop;
	const char *name;
	bus_state_fn fn;
	void *arg;
	struct sd_bus *sd;
	struct loop_timer *retry;
	uint64_t retry_us;
	bool up;
	struct bus_part *parts;
};

static void tell(struct bus *b, enum bus_state state)
{
	if (b->fn)
		b->fn(b->arg, state);
}

/* A refusal by policy is an error, another owner is a number in the reply. */
static int on_name(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	uint32_t result = 0;

	(void)error;
	if (sd_bus_message_is_method_error(m, NULL) ||
	    sd_bus_message_read_basic(m, 'u', &result) < 0 || result != BUS_NAME_PRIMARY_OWNER)
		tell(userdata, BUS_NAME_TAKEN);
	else
		tell(userdata, BUS_UP);
	return 0;
}

static int on_connected(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus *b = userdata;
	int r;

	(void)m;
	(void)error;
	b->up = true;
	b->retry_us = RETRY_FIRST_US;
	if (!b->name) {
		tell(b, BUS_UP);
		return 0;
	}
	r = sd_bus_request_name_async(b->sd, NULL, b->name, 0, on_name, b);
	if (r < 0)
		tell(b, BUS_NAME_TAKEN);
	return 0;
}

static void retry_later(struct bus *b)
{
	loop_timer_set(b->retry, clock_monotonic_us() + b->retry_us);
	if (b->retry_us < RETRY_LAST_US)
		b->retry_us *= 2;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus *b = userdata;

	(void)m;
	(void)error;
	if (b->up)
		tell(b, BUS_DOWN);
	b->up = false;
	retry_later(b); /* not now: this is a callback of the connection that goes */
	return 0;
}

/* Without a listener sd-bus waits with inotify and has no socket yet. */
static bool is_waiting(struct sd_bus *sd)
{
	struct stat st;
	int fd = sd_bus_get_fd(sd);

	return fd >= 0 && fstat(fd, &st) == 0 && !S_ISSOCK(st.st_mode);
}

static int sd_start(struct bus *b, struct sd_bus *sd)
{
	const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
	int r;

	r = sd_bus_set_address(sd, address ? address : DEFAULT_ADDRESS);
	if (r >= 0)
		r = sd_bus_set_bus_client(sd, true);
	if (r >= 0)
		r = sd_bus_set_watch_bind(sd, true);
	if (r >= 0)
		r = sd_bus_set_connected_signal(sd, true);
	if (r >= 0)
		r = sd_bus_match_signal(sd, NULL, LOCAL_NAME, LOCAL_PATH, LOCAL_NAME, "Connected",
					on_connected, b);
	if (r >= 0)
		r = sd_bus_match_signal(sd, NULL, LOCAL_NAME, LOCAL_PATH, LOCAL_NAME,
					"Disconnected", on_disconnected, b);
	if (r >= 0)
		r = sd_bus_attach_event(sd, loop_sd_event(b->loop), SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = sd_bus_start(sd);
	return r;
}

static int connect_bus(struct bus *b)
{
	CLEANUP(sd_bus_close_unrefp) struct sd_bus *sd = NULL;
	struct bus_part *next;
	int r;

	r = sd_bus_new(&sd);
	if (r >= 0)
		r = sd_start(b, sd);
	for (struct bus_part *p = b->parts; p && r >= 0; p = next) {
		next = p->next; /* a part may remove itself */
		r = p->attach(p, sd);
	}
	if (r < 0)
		return r;
	if (is_waiting(sd))
		tell(b, BUS_ABSENT);
	b->sd = sd;
	sd = NULL;
	return 0;
}

static int on_retry(void *arg)
{
	struct bus *b = arg;

	b->sd = sd_bus_close_unref(b->sd);
	if (connect_bus(b) < 0)
		retry_later(b);
	return 0;
}

int bus_new(struct bus **ret, struct loop *loop, const char *name, bus_state_fn fn, void *arg)
{
	CLEANUP(bus_freep) struct bus *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	*b = (struct bus){
		.loop = loop, .name = name, .fn = fn, .arg = arg, .retry_us = RETRY_FIRST_US};
	r = loop_timer_new(&b->retry, loop, on_retry, b);
	if (r < 0)
		return r;
	r = connect_bus(b);
	if (r == -ENOMEM || r == -EINVAL)
		return r;
	if (r < 0) {
		tell(b, BUS_ABSENT);
		retry_later(b);
	}
	*ret = b;
	b = NULL;
	return 0;
}

struct bus *bus_free(struct bus *b)
{
	if (!b)
		return NULL;
	if (b->up)
		(void)sd_bus_flush(b->sd); /* what is lost now, nobody waits for */
	sd_bus_close_unref(b->sd);
	loop_timer_free(b->retry);
	free(b);
	return NULL;
}

int bus_part_add(struct bus *b, struct bus_part *part)
{
	int r = b->sd ? part->attach(part, b->sd) : 0;

	if (r < 0)
		return r;
	part->next = b->parts;
	b->parts = part;
	return 0;
}

void bus_part_remove(struct bus *b, struct bus_part *part)
{
	struct bus_part **p = &b->parts;

	while (*p && *p != part)
		p = &(*p)->next;
	if (*p)
		*p = part->next;
}

struct sd_bus *bus_sd_bus(const struct bus *b)
{
	return b->up ? b->sd : NULL;
}

void bus_emit_changes(const struct bus *b, const char *path, const char *interface,
		      const struct bus_signalled *list, size_t n, const void *before,
		      const void *after)
{
	const char *changed[BUS_SIGNALLED_MAX + 1] = {NULL};
	struct sd_bus *sd = bus_sd_bus(b);
	size_t n_changed = 0;

	assert(n <= BUS_SIGNALLED_MAX);
	for (size_t i = 0; i < n; i++)
		if (memcmp((const char *)before + list[i].offset,
			   (const char *)after + list[i].offset, list[i].size) != 0)
			changed[n_changed++] = list[i].name;
	/* A signal that cannot be sent is one that a lost connection would have lost as well.
	 * The function only reads the names: its prototype lacks the const. */
	if (sd && n_changed > 0)
		(void)sd_bus_emit_properties_changed_strv(sd, path, interface,
							  (char **)(uintptr_t)changed);
}

int bus_sender_uid(struct sd_bus_message *m, uint32_t *ret)
{
	CLEANUP(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
	uid_t euid;
	int r;

	r = sd_bus_query_sender_creds(m, SD_BUS_CREDS_EUID, &creds);
	if (r >= 0)
		r = sd_bus_creds_get_euid(creds, &euid);
	if (r >= 0)
		*ret = euid;
	return r < 0 ? r : 0;
}

bool bus_uid_is(uint32_t uid, const char *user)
{
	const struct passwd *pw = getpwnam(user);

	return pw && pw->pw_uid == uid;
}

bool bus_uid_is_in(uint32_t uid, const char *group)
{
	const struct passwd *pw = getpwuid(uid);
	gid_t gids[BUS_GROUPS_MAX];
	int n = ARRAY_SIZE(gids);
	const struct group *g;

	if (!pw || getgrouplist(pw->pw_name, pw->pw_gid, gids, &n) < 0)
		return false;
	g = getgrnam(group);
	for (int i = 0; g && i < n; i++)
		if (gids[i] == g->gr_gid)
			return true;
	return false;
}

static int require_uid(struct sd_bus_message *m, uid_t uid)
{
	uint32_t euid;
	int r = bus_sender_uid(m, &euid);

	if (r < 0)
		return r;
	return euid == uid ? 0 : -EACCES;
}

int bus_require_root(struct sd_bus_message *m)
{
	return require_uid(m, 0);
}

int bus_require_user(struct sd_bus_message *m, const char *user)
{
	const struct passwd *pw = getpwnam(user);

	return pw ? require_uid(m, pw->pw_uid) : -EACCES;
}
