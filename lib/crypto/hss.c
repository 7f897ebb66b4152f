#include "crypto/hss.h"

#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>

#define N_MAX       ((size_t)32) /* octets of a node */
#define ID_LEN      ((size_t)16)
#define OTS_FIRST   1u
#define LMS_FIRST   5u
#define PER_GROUP_W 4u
#define PER_GROUP_H 5u

enum { D_PBLC = 0x8080, D_MESG = 0x8181, D_LEAF = 0x8282, D_INTR = 0x8383 };

/* The typecodes of one hash follow each other: four LM-OTS by w, five LMS by height. */
static const struct group {
	bool shake;
	size_t n;
	struct {
		unsigned chains, shift;
	} w[PER_GROUP_W]; /* 1, 2, 4, 8 */
} GROUPS[] = {
	{false, 32, {{265, 7}, {133, 6}, {67, 4}, {34, 0}}},
	{false, 24, {{200, 8}, {101, 6}, {51, 4}, {26, 0}}},
	{true,  32, {{265, 7}, {133, 6}, {67, 4}, {34, 0}}},
	{true,  24, {{200, 8}, {101, 6}, {51, 4}, {26, 0}}},
};

/* RFC 8554 5.3: u32 type || u32 ots type || I || T[1]. All spans are borrowed. */
struct lms_key {
	const struct group *group;
	uint32_t lms, ots;
	struct span id, root;
};

struct hasher {
	const struct group *group;
	union {
		struct sha256_ctx sha;
		struct sha3_256_ctx shake;
	} u;
};

static void hash_put(struct hasher *h, const void *data, size_t n)
{
	if (h->group->shake)
		sha3_256_update(&h->u.shake, n, data);
	else
		sha256_update(&h->u.sha, n, data);
}

static void hash_put_number(struct hasher *h, uint32_t v, size_t octets)
{
	const uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
			      (uint8_t)v};

	hash_put(h, b + 4 - octets, octets);
}

/* Every hash of a tree begins with I || u32 || u16. */
static void hash_begin(struct hasher *h, const struct lms_key *k, uint32_t q, uint32_t tag)
{
	h->group = k->group;
	if (k->group->shake)
		sha3_256_init(&h->u.shake);
	else
		sha256_init(&h->u.sha);
	hash_put(h, k->id.ptr, k->id.len);
	hash_put_number(h, q, 4);
	hash_put_number(h, tag, 2);
}

static void hash_end(struct hasher *h, uint8_t ret[N_MAX])
{
	if (h->group->shake)
		sha3_256_shake(&h->u.shake, h->group->n, ret);
	else
		sha256_digest(&h->u.sha, h->group->n, ret);
}

static bool take(struct span *rest, size_t n, struct span *ret)
{
	if (n > rest->len)
		return false;
	*ret = span_of(rest->ptr, n);
	*rest = span_skip(*rest, n);
	return true;
}

static bool take_u32(struct span *rest, uint32_t *ret)
{
	struct span s;

	if (!take(rest, 4, &s))
		return false;
	*ret = (uint32_t)s.ptr[0] << 24 | (uint32_t)s.ptr[1] << 16 | (uint32_t)s.ptr[2] << 8 |
	       s.ptr[3];
	return true;
}

static unsigned height_of(const struct lms_key *k)
{
	return 5 * (1 + (k->lms - LMS_FIRST) % PER_GROUP_H);
}

/* Both types must be of one group. */
static bool take_key(struct span *rest, struct lms_key *ret)
{
	struct lms_key k;
	uint32_t group;

	if (!take_u32(rest, &k.lms) || !take_u32(rest, &k.ots) || k.lms < LMS_FIRST ||
	    k.ots < OTS_FIRST)
		return false;
	group = (k.lms - LMS_FIRST) / PER_GROUP_H;
	if (group >= ARRAY_SIZE(GROUPS) || (k.ots - OTS_FIRST) / PER_GROUP_W != group)
		return false;
	k.group = &GROUPS[group];
	if (!take(rest, ID_LEN, &k.id) || !take(rest, k.group->n, &k.root))
		return false;
	*ret = k;
	return true;
}

/* The i-th group of w bits, the most significant first (RFC 8554 3.1.3). */
static unsigned coef(const uint8_t *s, unsigned i, unsigned w)
{
	unsigned per_octet = 8 / w;

	return (unsigned)s[i / per_octet] >> (w * (per_octet - 1 - i % per_octet)) &
	       ((1u << w) - 1);
}

/* One Winternitz chain from its `from`-th value to its end, in place. */
static void climb(const struct lms_key *k, uint32_t q, unsigned chain, unsigned from, unsigned end,
		  uint8_t t[N_MAX])
{
	struct hasher h;

	for (unsigned j = from; j < end; j++) {
		hash_begin(&h, k, q, chain);
		hash_put_number(&h, j, 1);
		hash_put(&h, t, k->group->n);
		hash_end(&h, t);
	}
}

/* RFC 8554 4.6, algorithm 4b: the one-time public key that the signature leads to. */
static void ots_candidate(const struct lms_key *k, uint32_t q, struct span message, struct span c,
			  struct span chains, uint8_t ret[N_MAX])
{
	const unsigned log_w = (k->ots - OTS_FIRST) % PER_GROUP_W, w = 1u << log_w;
	const unsigned last = (1u << w) - 1;
	const size_t n = k->group->n;
	uint8_t s[N_MAX + 2], t[N_MAX];
	struct hasher h;
	unsigned sum = 0;

	hash_begin(&h, k, q, D_MESG);
	hash_put(&h, c.ptr, c.len);
	hash_put(&h, message.ptr, message.len);
	hash_end(&h, s);
	for (unsigned i = 0; i < 8 * n / w; i++)
		sum += last - coef(s, i, w);
	sum <<= k->group->w[log_w].shift;
	s[n] = (uint8_t)(sum >> 8);
	s[n + 1] = (uint8_t)sum;

	hash_begin(&h, k, q, D_PBLC);
	for (unsigned i = 0; i < k->group->w[log_w].chains; i++) {
		memcpy(t, chains.ptr + i * n, n);
		climb(k, q, i, coef(s, i, w), last, t);
		hash_put(&h, t, n);
	}
	hash_end(&h, ret);
}

/* RFC 8554 5.4.2, algorithm 6a: from the leaf up to the root. */
static bool path_leads_to_root(const struct lms_key *k, uint32_t q, struct span path,
			       uint8_t t[N_MAX])
{
	const size_t n = k->group->n;
	uint32_t r = (UINT32_C(1) << height_of(k)) + q;
	struct hasher h;

	hash_begin(&h, k, r, D_LEAF);
	hash_put(&h, t, n);
	hash_end(&h, t);
	for (size_t at = 0; at < path.len; at += n) {
		const uint8_t *s = path.ptr + at;

		hash_begin(&h, k, r / 2, D_INTR);
		hash_put(&h, r % 2 ? s : t, n);
		hash_put(&h, r % 2 ? t : s, n);
		hash_end(&h, t);
		r /= 2;
	}
	return memeql_sec(t, k->root.ptr, n);
}

/* Cuts one LMS signature off *rest and verifies it over `message`, or over the LMS public key that
 * follows it, which then is *ret_next (RFC 8554 6.3). */
static bool verify_level(const struct lms_key *k, struct span *rest, struct span message,
			 struct lms_key *ret_next)
{
	const size_t n = k->group->n;
	const unsigned chains = k->group->w[(k->ots - OTS_FIRST) % PER_GROUP_W].chains;
	uint32_t q, ots, lms;
	struct span c, values, path;
	uint8_t t[N_MAX];

	if (!take_u32(rest, &q) || !take_u32(rest, &ots) || ots != k->ots || !take(rest, n, &c) ||
	    !take(rest, chains * n, &values) || !take_u32(rest, &lms) || lms != k->lms ||
	    q >> height_of(k) != 0 || !take(rest, height_of(k) * n, &path))
		return false;
	if (ret_next) {
		message = *rest;
		if (!take_key(rest, ret_next))
			return false;
		message.len -= rest->len;
	}
	ots_candidate(k, q, message, c, values, t);
	return path_leads_to_root(k, q, path, t);
}

static bool parse_public(struct span public_key, uint32_t *ret_levels, struct lms_key *ret)
{
	return take_u32(&public_key, ret_levels) && *ret_levels >= 1 &&
	       *ret_levels <= HSS_LEVELS_MAX && take_key(&public_key, ret) && public_key.len == 0;
}

bool hss_public_is_valid(struct span public_key)
{
	struct lms_key k;
	uint32_t levels;

	return parse_public(public_key, &levels, &k);
}

bool hss_verify(struct span public_key, struct span message, struct span signature)
{
	uint32_t levels, signed_keys;
	struct lms_key k, next;

	if (!parse_public(public_key, &levels, &k) || !take_u32(&signature, &signed_keys) ||
	    signed_keys != levels - 1)
		return false;
	for (uint32_t i = 0; i < signed_keys; i++) {
		if (!verify_level(&k, &signature, (struct span){0}, &next))
			return false;
		k = next;
	}
	return verify_level(&k, &signature, message, NULL) && signature.len == 0;
}
