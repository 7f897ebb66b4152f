#include "app_parts.h"

#include "fw/keyset.h"
#include "key_file.h"

#define TRUST_FILE_MAX ((size_t)256 * 1024)

static int read_file(const char *path, enum key_file kind, uid_t owner, struct buf *out,
		     char *ret_error, size_t room)
{
	const char *why = "";
	int r = key_file_read(path, kind, owner, out, &why);

	if (r < 0)
		text_put(ret_error, room, "%s: %s", path, r == -EPERM ? why : strerror(-r));
	return r;
}

/* The trust store as it is installed: it belongs to root, and nobody else can exchange it. */
static int load_installed(const struct app *a, struct trust **ret, char *ret_error, size_t room)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT(TRUST_FILE_MAX);
	int r = read_file(a->config->trust, KEY_FILE_TRUST, 0, &text, ret_error, room);

	return r < 0 ? r : trust_parse(buf_span(&text), ret, ret_error, room);
}

static int load_secret(struct enc_ring *ring, const char *path, char *ret_error, size_t room)
{
	CLEANUP(buf_done) struct buf text = {.max = JWK_FILE_MAX, .secret = true};
	struct enc_key *k = NULL;
	const char *why;
	int r = read_file(path, KEY_FILE_SECRET, geteuid(), &text, ret_error, room);

	if (r < 0)
		return r;
	r = enc_key_parse(buf_span(&text), &k, &why);
	if (r < 0)
		text_put(ret_error, room, "%s: %s", path, why);
	else
		ring->keys[ring->n++] = k;
	return r;
}

static int load_ring(const struct app *a, struct enc_ring *ring, char *ret_error, size_t room)
{
	char words[CONFIG_LIST], *save = NULL;
	int r = 0;

	memcpy(words, a->config->decrypt_keys, sizeof(words));
	for (char *path = strtok_r(words, " ", &save);
	     path && r == 0 && ring->n < ARRAY_SIZE(ring->keys); path = strtok_r(NULL, " ", &save))
		r = load_secret(ring, path, ret_error, room);
	return r;
}

/* A damaged record of key-info is an error: to fall back on the installed keys would bring back
 * what was revoked. */
int app_keys_load(const struct app *a, struct run *run, char *ret_error, size_t room)
{
	int r = load_installed(a, &run->installed, ret_error, room);

	if (r == 0)
		r = keyset_trust(run->installed, buf_span(&a->state->keys), &run->trust,
				 &run->key_info_version, ret_error, room);
	return r < 0 ? r : load_ring(a, &run->ring, ret_error, room);
}

void app_keys_drop(struct run *run)
{
	run->installed = trust_free(run->installed);
	run->trust = trust_free(run->trust);
	while (run->ring.n > 0)
		(void)enc_key_free((struct enc_key *)(uintptr_t)run->ring.keys[--run->ring.n]);
}
