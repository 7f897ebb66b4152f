#include "svr/requester.h"

static void add_role(struct requester *who, struct span name, struct span authority)
{
	who->roles[who->n_roles++] = (struct role){name, authority};
}

/* Certificate sessions have a key: some anchor must still let the peer in. */
static bool anchor_admits(const struct device *dev, const struct req *req,
			  const struct svr_wall *wall)
{
	const struct uuid *subject;
	struct span pem;

	for (size_t i = 0; svr_anchor(dev, wall, &i, &pem, &subject); i++)
		if (!subject || uuid_eq(subject, &req->peer))
			return true;
	return false;
}

void requester_of(const struct device *dev, const struct req *req, const struct svr_wall *wall,
		  struct requester *ret)
{
	const struct cred *key = NULL;

	*ret = (struct requester){.req = req, .wall = wall, .secured = req->session != 0};
	if (!ret->secured || !req->has_peer)
		return;
	if (req->peer_key.len == 0) {
		key = device_psk(dev, &req->peer, wall);
		if (!key)
			return;
	} else if (!anchor_admits(dev, req, wall)) {
		return;
	}
	ret->peer = &req->peer;
	if (key && key->role.len)
		add_role(ret, key->role, key->authority);
	for (size_t i = 0; i < dev->n_asserted; i++) {
		const struct asserted *a = &dev->asserted[i];

		if (a->session != req->session || !device_stands(dev, a, wall))
			continue;
		add_role(ret, a->cred->role, a->cred->authority);
		ret->owner_role = ret->owner_role || span_is(a->cred->role, ROLE_OWNER);
	}
}
