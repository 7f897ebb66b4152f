#include "child/proto.h"

#include <stddef.h>
#include <sys/socket.h>

/* Size of each message, and whether a descriptor belongs to it. */
static const struct {
	size_t len;
	bool fd;
} TYPES[] = {
#define ROW(type, member, fd)                                                                      \
	[type] = {offsetof(struct proto_msg, member) + sizeof(((struct proto_msg *)0)->member), fd}
#define BARE(type) [type] = {sizeof(uint32_t), false}
	ROW(PROTO_FETCH, fetch, true),
	ROW(PROTO_STARTED, started, false),
	ROW(PROTO_FETCHED, fetched, false),
	BARE(PROTO_SLOTS),
	ROW(PROTO_SLOTS_ARE, slots_are, false),
	ROW(PROTO_BEGIN, begin, false),
	ROW(PROTO_IMAGE, image, true),
	ROW(PROTO_KEPT, kept, false),
	ROW(PROTO_WRITTEN, written, false),
	ROW(PROTO_COMMIT, commit, false),
	ROW(PROTO_CONFIRM, slot, false),
	ROW(PROTO_REJECT, slot, false),
	ROW(PROTO_DONE, done, false),
	ROW(PROTO_RANGES, ranges, true),
	ROW(PROTO_CHUNKS, chunks, true),
	ROW(PROTO_PROBE, probe, false),
	ROW(PROTO_PROBED, probed, false),
	ROW(PROTO_VERIFY, image, true),
	BARE(PROTO_HEALTH),
};

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

static bool is_text(const char *s, size_t room)
{
	for (size_t i = 0; i < room; i++) {
		if (s[i] == '\0')
			return true;
		if (!is_printable(s[i]))
			return false;
	}
	return false;
}

void proto_text(char *ret, size_t room, const char *text)
{
	size_t i = 0;

	for (; i < room - 1 && text[i]; i++)
		ret[i] = text[i];
	ret[i] = '\0';
	while (i-- > 0)
		if (!is_printable(ret[i]))
			ret[i] = '?';
}

static bool error_is_sound(uint32_t e)
{
	return e < FWE_COUNT;
}

static bool digests_are_sound(const struct proto_digests *d)
{
	return d->algs < 1u << PROTO_DIGESTS;
}

static bool chunks_are_sound(const struct proto_chunks *c)
{
	if (c->n == 0 || c->n > PROTO_IMAGES || !digests_are_sound(&c->digests))
		return false;
	for (uint32_t i = 0; i < c->n; i++)
		if (!is_text(c->images[i].component, PROTO_LABEL))
			return false;
	return true;
}

static bool probe_is_sound(const struct proto_probe *p)
{
	for (uint32_t i = 0; i < p->n && i < PROTO_IMAGES; i++)
		if (!is_text(p->images[i].component, PROTO_LABEL))
			return false;
	return p->n <= PROTO_IMAGES;
}

static bool probed_is_sound(const struct proto_probed *p)
{
	for (uint32_t i = 0; i < p->n && i < PROTO_PROBLEMS; i++)
		if (!is_text(p->problems[i].name, PROTO_LABEL) ||
		    !is_text(p->problems[i].text, PROTO_TEXT))
			return false;
	return p->n <= PROTO_PROBLEMS;
}

static bool slots_are_sound(const struct proto_slots_are *s)
{
	return error_is_sound(s->error) && s->standing <= PROTO_UNCONFIRMED && s->immediate <= 1 &&
	       is_text(s->running, PROTO_VERSION) && is_text(s->pending, PROTO_VERSION) &&
	       is_text(s->slot, PROTO_LABEL) && is_text(s->primary, PROTO_LABEL) &&
	       is_text(s->boot, PROTO_LABEL);
}

static bool content_is_sound(const struct proto_msg *m)
{
	switch ((enum proto_type)m->type) {
	case PROTO_FETCH:
		return m->fetch.kind <= PROTO_IMAGE_BODY && m->fetch.reach <= PROTO_LOOPBACK &&
		       m->fetch.same_host <= 1 && is_text(m->fetch.etag, PROTO_ETAG) &&
		       is_text(m->fetch.interface, PROTO_INTERFACE) &&
		       is_text(m->fetch.addresses, PROTO_ADDRESSES) &&
		       is_text(m->fetch.servers, PROTO_ADDRESSES) &&
		       is_text(m->fetch.url, PROTO_URL);
	case PROTO_STARTED:
		return m->started.private_peer <= 1 && is_text(m->started.etag, PROTO_ETAG) &&
		       is_text(m->started.url, PROTO_URL);
	case PROTO_FETCHED:
		return error_is_sound(m->fetched.error) && m->fetched.private_peer <= 1 &&
		       m->fetched.ranged <= 1 && is_text(m->fetched.etag, PROTO_ETAG) &&
		       is_text(m->fetched.url, PROTO_URL) && is_text(m->fetched.text, PROTO_TEXT);
	case PROTO_SLOTS_ARE:
		return slots_are_sound(&m->slots_are);
	case PROTO_BEGIN:
		return memchr(m->begin.model, '\0', PROTO_NAME) &&
		       is_text(m->begin.version, PROTO_VERSION) &&
		       is_text(m->begin.transaction, PROTO_LABEL) && m->begin.keep <= 1 &&
		       digests_are_sound(&m->begin.digests);
	case PROTO_IMAGE:
	case PROTO_VERIFY:
		return is_text(m->image.component, PROTO_LABEL) &&
		       digests_are_sound(&m->image.digests) && m->image.reuse <= 1 &&
		       m->image.is_sealed <= 1 && m->image.resume <= 1 &&
		       digests_are_sound(&m->image.sealed);
	case PROTO_CHUNKS:
		return chunks_are_sound(&m->chunks);
	case PROTO_PROBE:
		return probe_is_sound(&m->probe);
	case PROTO_PROBED:
		return probed_is_sound(&m->probed);
	case PROTO_CONFIRM:
	case PROTO_REJECT:
		return is_text(m->slot.slot, PROTO_LABEL);
	case PROTO_DONE:
		return error_is_sound(m->done.error) && is_text(m->done.text, PROTO_TEXT);
	case PROTO_SLOTS:
	case PROTO_HEALTH:
	case PROTO_WRITTEN:
	case PROTO_KEPT:
	case PROTO_COMMIT:
	case PROTO_RANGES:
		return true;
	}
	return false;
}

bool proto_is_sound(const struct proto_msg *m, size_t len, bool has_fd)
{
	return len >= sizeof(m->type) && m->type < ARRAY_SIZE(TYPES) && TYPES[m->type].len != 0 &&
	       len == TYPES[m->type].len && has_fd == TYPES[m->type].fd && content_is_sound(m);
}

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

int proto_send(int fd, const struct proto_msg *m, int pass)
{
	union control control = {0};
	struct iovec iov = {(void *)(uintptr_t)m, TYPES[m->type].len};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	if (pass >= 0) {
		control.head = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(&control.head), &pass, sizeof(pass));
		h.msg_control = &control;
		h.msg_controllen = sizeof(control.room);
	}
	if (sendmsg(fd, &h, MSG_NOSIGNAL) >= 0)
		return 0;
	return errno == ECONNRESET ? -EPIPE : -errno; /* it went without reading all */
}

/* The descriptor of the message, or -1; the kernel has closed what found no room. */
static int take_fd(struct msghdr *h)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

int proto_recv(int fd, struct proto_msg *ret, int *ret_fd, bool wait)
{
	union control control;
	struct iovec iov = {ret, sizeof(*ret)};
	struct msghdr h = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_LEN(sizeof(int)), /* padding would hold a second one */
	};
	CLEANUP(closep) int passed = -1;
	ssize_t n;

	do
		n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	if (n == 0)
		return 0;
	passed = take_fd(&h);
	if ((h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
	    !proto_is_sound(ret, (size_t)n, passed >= 0))
		return -EBADMSG;
	*ret_fd = fd_take(&passed);
	return 1;
}
