#include "state.h"

#include <sys/stat.h>

#include "base/parse.h"
#include "crypto/drbg.h"
#include "store/store.h"

#define SELF        "self"
#define GOAL        ".goal"
#define RECORD_NAME (32 + sizeof(GOAL))
#define DEVICES_MAX ((size_t)4096)
#define PREFIX_MIN  ((size_t)4)

struct state {
	struct store *store;
	struct record_self self;
	size_t n;
	struct record_device devices[DEVICES_MAX]; /* sorted; only touched pages cost memory */
};

/* Store names are 32 characters at most: the UUID without its dashes. */
static void record_name(const struct uuid *device, char ret[33])
{
	hex_encode(span_of(device->b, sizeof(device->b)), ret);
}

static void goal_name(const struct uuid *device, char ret[RECORD_NAME])
{
	record_name(device, ret);
	memcpy(ret + 32, GOAL, sizeof(GOAL));
}

static int by_name(const void *a, const void *b)
{
	const struct record_device *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : memcmp(x->device.b, y->device.b, sizeof(x->device.b));
}

static void sort(struct state *s)
{
	qsort(s->devices, s->n, sizeof(*s->devices), by_name);
}

/* Where the device is; s->n: nowhere. */
static size_t index_of(const struct state *s, const struct uuid *device)
{
	size_t i = 0;

	while (i < s->n && !uuid_eq(&s->devices[i].device, device))
		i++;
	return i;
}

static int load_record(void *arg, const char *name)
{
	struct buf octets CLEANUP(buf_done) = {.max = RECORD_OCTETS_MAX, .secret = true};
	struct record_device dev CLEANUP(record_device_wipe) = {0};
	struct state *s = arg;
	int r;

	if (strlen(name) != 2 * sizeof(dev.device.b)) /* ours, or a goal */
		return 0;
	r = store_get(s->store, name, &octets);
	if (r < 0)
		return r;
	if (record_device_parse(buf_span(&octets), &dev) != CBR_OK)
		return -EBADMSG;
	if (s->n == DEVICES_MAX)
		return -EFBIG;
	s->devices[s->n++] = dev;
	return 0;
}

/* What is missing of it: all, or what an earlier version did not have. */
static int complete_self(struct state *s)
{
	struct uuid *const all[] = {&s->self.uuid, &s->self.domain, &s->self.cms, &s->self.ams};
	struct buf octets CLEANUP(buf_done) = BUF_INIT(RECORD_OCTETS_MAX);
	bool changed = false;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (!uuid_is_nil(all[i]))
			continue;
		obt_uuid_new(drbg_fill, all[i]);
		changed = true;
	}
	if (!changed)
		return 0;
	record_self_write(&s->self, &octets);
	if (!buf_ok(&octets))
		return -ENOMEM;
	return store_put(s->store, SELF, buf_span(&octets));
}

static int load(struct state *s)
{
	struct buf octets CLEANUP(buf_done) = BUF_INIT(RECORD_OCTETS_MAX);
	int r = store_get(s->store, SELF, &octets);

	if (r == 0 && record_self_parse(buf_span(&octets), &s->self) != CBR_OK)
		return -EBADMSG;
	if (r == 0 || r == -ENOENT)
		r = complete_self(s);
	if (r < 0)
		return r;
	r = store_each(s->store, load_record, s);
	sort(s);
	return r;
}

/* Makes the directory and what is missing above it. */
static int make_dir(char *path)
{
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST) {
			*p = '/';
			return -errno;
		}
		*p = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static struct buf default_dir(const char *dir)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	struct buf path = BUF_INIT(4096);

	if (!dir)
		dir = getenv("OCF_OBT_DIR");
	if (dir && *dir)
		buf_put_str(&path, dir);
	else if (xdg && *xdg)
		buf_printf(&path, "%s/ocf-obt", xdg);
	else if (home && *home)
		buf_printf(&path, "%s/.local/state/ocf-obt", home);
	else
		path.failed = true;
	buf_put_byte(&path, '\0');
	return path;
}

static const char *explain(int r)
{
	if (r == -EBUSY)
		return "in use by another ocf-obt";
	if (r == -EPERM)
		return "must belong to you and be closed to others (mode 0700)";
	if (r == -EBADMSG)
		return "holds a damaged record";
	if (r == -EEXIST)
		return "in use already: restore into a new directory, with --dir";
	return strerror(-r);
}

/* The directory must have no identity yet. */
static int check_empty(struct state *s)
{
	struct buf octets CLEANUP(buf_done) = BUF_INIT(RECORD_OCTETS_MAX);
	int r = store_get(s->store, SELF, &octets);

	return r == -ENOENT ? 0 : r < 0 ? r : -EEXIST;
}

static int open_with(struct state **ret, const char *dir, int (*begin)(struct state *s),
		     struct trouble *ret_trouble)
{
	struct buf path CLEANUP(buf_done) = default_dir(dir);
	struct state *s CLEANUP(state_freep) = NULL;
	int r;

	if (!buf_ok(&path)) {
		trouble_set(ret_trouble, OUT_STATE,
			    "no state directory: give --dir or OCF_OBT_DIR");
		return -ENOENT;
	}
	s = calloc(1, sizeof(*s));
	r = s ? make_dir((char *)path.ptr) : -ENOMEM;
	if (r >= 0)
		r = store_open(&s->store, (const char *)path.ptr);
	if (r >= 0)
		r = begin(s);
	if (r < 0) {
		trouble_set(ret_trouble, OUT_STATE, "%s: %s", (const char *)path.ptr, explain(r));
		return r;
	}
	*ret = s;
	s = NULL;
	return 0;
}

int state_open(struct state **ret, const char *dir, struct trouble *ret_trouble)
{
	return open_with(ret, dir, load, ret_trouble);
}

int state_open_empty(struct state **ret, const char *dir, struct trouble *ret_trouble)
{
	return open_with(ret, dir, check_empty, ret_trouble);
}

struct state *state_free(struct state *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		record_device_wipe(&s->devices[i]);
	(void)store_free(s->store);
	free(s);
	return NULL;
}

const struct record_self *state_self(const struct state *s)
{
	return &s->self;
}

size_t state_count(const struct state *s)
{
	return s->n;
}

const struct record_device *state_at(const struct state *s, size_t i)
{
	return &s->devices[i];
}

const struct record_device *state_find(const struct state *s, const struct uuid *device)
{
	size_t i = index_of(s, device);

	return i < s->n ? &s->devices[i] : NULL;
}

bool state_matches(const char *text, const struct uuid *device, const char *name)
{
	size_t n = strlen(text);
	char uuid[UUID_TEXT + 1];

	uuid_format(device, uuid);
	return (n >= PREFIX_MIN && n <= UUID_TEXT && strncasecmp(text, uuid, n) == 0) ||
	       (*name && strcmp(text, name) == 0); /* NOLINT: never NULL, n counts the devices */
}

int state_require(const struct state *s, const char *text, const struct record_device **ret,
		  struct trouble *ret_trouble)
{
	const struct record_device *found = NULL;

	for (size_t i = 0; i < s->n; i++) {
		if (!state_matches(text, &s->devices[i].device, s->devices[i].name))
			continue;
		if (found) {
			trouble_set(ret_trouble, OUT_NOT_FOUND,
				    "more than one device of ours matches %s: use its UUID", text);
			return -ENOTUNIQ;
		}
		found = &s->devices[i];
	}
	if (!found) {
		trouble_set(ret_trouble, OUT_NOT_FOUND, "no device of ours matches %s: see list",
			    text);
		return -ENOENT;
	}
	*ret = found;
	return 0;
}

bool state_find_name(void *arg, const char *text, struct uuid *ret)
{
	const struct record_device *dev;
	struct trouble ignored;

	if (state_require(arg, text, &dev, &ignored) < 0)
		return false;
	*ret = dev->device;
	return true;
}

int state_put(struct state *s, const struct record_device *dev)
{
	struct buf octets CLEANUP(buf_done) = {.max = RECORD_OCTETS_MAX, .secret = true};
	size_t i = index_of(s, &dev->device);
	char name[33];
	int r;

	if (i == DEVICES_MAX)
		return -EFBIG;
	record_device_write(dev, &octets);
	if (!buf_ok(&octets))
		return -ENOMEM;
	record_name(&dev->device, name);
	r = store_put(s->store, name, buf_span(&octets));
	if (r < 0)
		return r;
	s->devices[i] = *dev;
	if (i == s->n)
		s->n++;
	sort(s);
	return 0;
}

int state_forget(struct state *s, const struct uuid *device)
{
	size_t i = index_of(s, device);
	char name[RECORD_NAME];
	int r;

	goal_name(device, name);
	r = store_del(s->store, name);
	record_name(device, name);
	if (r >= 0)
		r = store_del(s->store, name);
	if (r < 0 || i == s->n)
		return r;
	s->devices[i] = s->devices[s->n - 1];
	record_device_wipe(&s->devices[--s->n]);
	sort(s);
	return 0;
}

int state_goal(struct state *s, const struct uuid *device, struct goal **ret)
{
	struct buf octets CLEANUP(buf_done) = {.max = GOAL_OCTETS_MAX, .secret = true};
	char name[RECORD_NAME];
	int r;

	goal_name(device, name);
	r = store_get(s->store, name, &octets);
	if (r == -ENOENT) {
		*ret = goal_new();
		return *ret ? 0 : -ENOMEM;
	}
	if (r < 0)
		return r;
	return goal_parse(buf_span(&octets), ret) == CBR_OK ? 0 : -EBADMSG;
}

int state_put_goal(struct state *s, const struct uuid *device, const struct goal *goal)
{
	struct buf octets CLEANUP(buf_done) = {.max = GOAL_OCTETS_MAX, .secret = true};
	char name[RECORD_NAME];

	goal_write(goal, &octets);
	if (!buf_ok(&octets))
		return -EFBIG;
	goal_name(device, name);
	return store_put(s->store, name, buf_span(&octets));
}

int state_read(struct state *s, const char *name, struct buf *out)
{
	return store_get(s->store, name, out);
}

int state_write(struct state *s, const char *name, struct span octets)
{
	return store_put(s->store, name, octets);
}

int state_each(struct state *s, int (*fn)(void *arg, const char *name), void *arg)
{
	return store_each(s->store, fn, arg);
}
