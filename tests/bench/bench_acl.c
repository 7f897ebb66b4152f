/* CPU of an access decision, who asks and whether it is granted, with a long list and with a short
 * one, in turns: a full table of keys, peers and targets at random, half of them granted. Prints
 * "acl_decision_round LONG SHORT" lines in ns.
 *
 * usage: bench_acl [ROUNDS] */
#include <stdio.h>
#include <time.h>

#include "base/parse.h"
#include "svr/access.h"

#define SHORT     10
#define LONG      ACES_MAX
#define DECISIONS 200000u
#define SESSION   7

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bench_acl: %s\n", what);
	exit(1);
}

static uint32_t chance(void)
{
	static uint64_t state = 1;

	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33);
}

static struct uuid uuid_of(uint32_t n)
{
	struct uuid uuid = {{0xac}};

	n *= UINT32_C(0x9e3779b1); /* all octets differ */
	memcpy(uuid.b + 4, &n, sizeof(n));
	return uuid;
}

/* Entry i is for one peer and one resource. */
static size_t write_href(char ret[32], uint32_t i)
{
	return (size_t)snprintf(ret, 32, "/lamp/%u", i / (uint32_t)CREDS_MAX);
}

static struct aclist *make_list(uint32_t n)
{
	struct aclist *list = NULL;
	struct acl acl = {0};
	char href[32];

	for (uint32_t i = 0; i < n; i++) {
		struct ace_resource resource = {
			.href = {(const uint8_t *)href, 0}
                };
		struct ace draft = {.aceid = i + 1,
				    .subject = ACE_UUID,
				    .uuid = uuid_of(i % (uint32_t)CREDS_MAX),
				    .permission = PERM_RETRIEVE,
				    .n_resources = 1,
				    .resources = &resource};
		struct ace *ace;

		resource.href.len = write_href(href, i);
		ace = ace_new(&draft);
		check(ace && acl_append(&acl, ace), "memory");
		(void)ace_unref(ace);
	}
	check(aclist_new(&list, &acl) == 0, "list");
	return list;
}

static double cpu_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double decide(struct device *dev, struct aclist *list, uint32_t n)
{
	static const struct svr_wall WALL = {0};
	char href[32];
	struct target target = {.href = href,
				.kind = RES_NCR,
				.owner = OWNER_NONE,
				.discoverable = true,
				.secure = true};
	unsigned granted = 0;
	double began, none = 0;

	dev->acl = list;
	for (int empty = 1;; empty = 0) { /* first what the loop itself takes */
		began = cpu_ns();
		for (uint32_t i = 0; i < DECISIONS; i++) {
			const uint32_t entry = chance() % n;
			struct req req = {.session = SESSION, .has_peer = true};
			struct requester who;

			req.method = chance() % 2 ? M_GET : M_POST;
			req.peer = uuid_of(entry % (uint32_t)CREDS_MAX);
			(void)write_href(href, entry);
			if (empty)
				continue;
			requester_of(dev, &req, &WALL, &who);
			granted += access_decide(dev, &who, &target) == ACCESS_FULL;
		}
		if (!empty)
			break;
		none = cpu_ns() - began;
	}
	check(granted > DECISIONS / 3 && granted < DECISIONS / 3 * 2, "half are granted");
	return (cpu_ns() - began - none) / DECISIONS;
}

int main(int argc, char **argv)
{
	struct aclist *few = make_list(SHORT), *many = make_list(LONG);
	struct device *dev = calloc(1, sizeof(*dev));
	uint32_t rounds = 10;

	check(dev && (argc < 2 || parse_u32(span_str(argv[1]), &rounds)), "usage");
	dev->dos = DOS_RFNOP;
	for (uint32_t i = 0; i < CREDS_MAX; i++)
		check(device_add_cred(dev, &(struct cred){.credid = i, .subject = uuid_of(i)}),
		      "memory");
	for (uint32_t i = 0; i < rounds; i++) {
		double with_few = decide(dev, few, SHORT), with_many = decide(dev, many, LONG);

		printf("acl_decision_round %.1f %.1f ns\n", with_many, with_few);
	}
	dev->acl = few;
	(void)aclist_unref(many);
	(void)device_free(dev);
	return 0;
}
