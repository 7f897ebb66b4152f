/* Any run of datagrams, to server and client: groups get 2.05 in a NON or nothing, and no reply
 * comes twice. Input: octet of flags (8: it answers the
 * client's last message), octet of length, datagram, and so on. */
#include "fuzz.h"

#include <stdlib.h>

#include "transport/client.h"
#include "transport/server.h"

static struct client *client;
static unsigned calls;
static uint8_t last[MESSAGE_MAX]; /* the client's: message id and token to answer to */

static void on_send(void *arg, const struct remote *to, struct span message)
{
	if (arg)
		memcpy(last, message.ptr, message.len);
	if (to->multicast &&
	    (message.len < 4 || message.ptr[0] >> 4 != 5 || message.ptr[1] != 0x45))
		abort();
}

static void on_request(void *arg, const struct remote *from, struct req *req, struct answer *answer)
{
	(void)arg;
	(void)from;
	answer->verdict = req->method == M_GET ? V_CONTENT : V_CHANGED;
	if (req->asked == ASKED_FIRST && req->path.len == 2)
		answer->verdict = V_LATER;
	answer->observable = true;
	buf_put_byte(&answer->body, (uint8_t)req->asked); /* an observer sees another body */
	while (req->method == M_GET && answer->body.len < 40 * req->path.len)
		buf_put(&answer->body, req->path);
}

static void on_reply(void *arg, const struct reply *reply)
{
	(void)arg;
	if (!reply->more && calls-- == 0)
		abort();
}

static void receive(struct server *s, uint8_t *p, size_t len, uint8_t flags)
{
	struct span datagram = span_of(p, len);
	struct remote from = {.session = flags & 1, .multicast = (flags & 3) == 2};
	struct message m;

	if ((flags & 8) && len >= 4)
		memcpy(p + 2, last + 2, 2);
	if ((flags & 8) && len >= 12 && (p[0] & 0xf) == 8)
		memcpy(p + 4, last + 4, 8);
	if (message_parse(&m, datagram) < 0)
		return;
	if (message_is_request(&m))
		server_receive(s, &from, &m, datagram, (flags & 4) != 0, 1);
	else if (!from.multicast && (m.code != MC_EMPTY || !server_receive_empty(s, &from, &m, 1)))
		client_receive(client, &from, &m, 1);
}

/* What may have changed, and the time that passes: every observer gives up in the end. */
static void run(struct server *s)
{
	server_tick(s, 1 + (calls ? 0 : USEC_PER_SEC)); /* with and without empty ACKs before */
	for (uint64_t ticket = 0; ticket < UINT8_MAX; ticket++)
		server_ready(s, ticket, 1);
	server_touch(s);
	for (unsigned i = 0; i < 8; i++)
		server_tick(s, 2 + i * 100 * USEC_PER_SEC);
	if (server_deadline(s) < 1000 * USEC_PER_SEC)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct server_ops OPS = {.send = on_send, .request = on_request};
	struct server_config cfg = {.leisure_us = 1, .body_max = 2048};
	struct call call = {.method = M_POST, .path = "/x", .body = span_of(data, size)};
	struct server *s;
	uint64_t id;

	if (server_new(&s, &cfg, &OPS, NULL) < 0 || client_new(&client, 2048, on_send, last) < 0)
		abort();
	calls = client_call(client, &call, &(struct remote){0}, on_reply, NULL, 0, &id) == 0;
	while (size >= 2) {
		uint8_t flags = data[0];
		size_t len = data[1] < size - 2 ? data[1] : size - 2;

		uint8_t copy[UINT8_MAX];

		memcpy(copy, data + 2, len);
		receive(s, copy, len, flags);
		data += 2 + len;
		size -= 2 + len;
	}
	run(s);
	client_tick(client, NEVER_US - 1);
	(void)server_free(s);
	(void)client_free(client);
	return 0;
}
