#include "publish.h"

#include "files.h"
#include "fw/direct.h"
#include "fw/discover.h"
#include "images.h"

bool publish_path(const struct publication *p, size_t layout, const char *name, char ret[PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%s/.well-known/%s/%s/%s/%s", p->root,
			 DISCOVER_LAYOUTS[layout], p->d.manifest->manufacturer,
			 p->d.manifest->model, name);

	if (n > 0 && n < PATH_MAX)
		return true;
	cli_say("%s: the path is too long", name);
	return false;
}

/* The path of a URL below the folder of its manifest; false if it is not there, but elsewhere on
 * this server or on another. */
static bool local_name(enum fw_error e, const char *url, char ret[URL_MAX + 1])
{
	const size_t folder = strlen(BASE_FOLDER);

	if (e != FWE_OK || strncmp(url, BASE_FOLDER, folder) != 0 || strpbrk(url, "%?") ||
	    url[folder] == '\0')
		return false;
	memcpy(ret, url + folder, strlen(url + folder) + 1);
	return true;
}

bool publish_image_name(const struct manifest *m, size_t i, char ret[URL_MAX + 1])
{
	char url[URL_MAX + 1];

	return local_name(manifest_image_url(m, i, span_str(BASE_URL), url), url, ret);
}

bool publish_index_name(const struct manifest *m, char ret[URL_MAX + 1])
{
	char url[URL_MAX + 1];

	return m->chunks.location &&
	       local_name(manifest_chunks_url(m, span_str(BASE_URL), url), url, ret);
}

/* Devices look for manifests under these names. */
static bool is_reserved(const char *name)
{
	static const char *const NAMES[] = {"manifest.json", "manifest.cbor", DIRECT_FILE};

	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
		if (strcmp(name, NAMES[i]) == 0)
			return true;
	}
	return false;
}

const struct digests *publish_digests(const struct fw_image *image)
{
	return image->encryption.key ? &image->encryption.digests : &image->digests;
}

/* Is the name one of the images before i, which are others? */
static bool is_taken(const struct manifest *m, size_t i, const struct digests *d, const char *name)
{
	char other[URL_MAX + 1];

	for (size_t k = 0; k < i; k++) {
		if (publish_image_name(m, k, other) && strcmp(name, other) == 0 &&
		    !(d && digests_match(d, publish_digests(&m->images[k]))))
			return true;
	}
	return false;
}

bool names_are_free(const struct manifest *m)
{
	char name[URL_MAX + 1] = "";
	bool reserved, taken;

	if (m->direct)
		return true;
	reserved = publish_index_name(m, name) && is_reserved(name);
	taken = is_taken(m, m->n_images, NULL, name);
	for (size_t i = 0; i < m->n_images && !reserved && !taken; i++) {
		if (!publish_image_name(m, i, name))
			continue;
		reserved = is_reserved(name);
		taken = is_taken(m, i, publish_digests(&m->images[i]), name);
	}
	if (reserved)
		cli_say("an image cannot be named manifest.json, manifest.cbor or " DIRECT_FILE
			": rename it");
	else if (taken)
		cli_say("%s: two different files cannot have one name: rename one", name);
	return !reserved && !taken;
}

static bool refuse_images(enum fw_error e)
{
	if (e != FWE_OK)
		cli_refuse("devices would refuse the image", e);
	return e == FWE_OK;
}

/* The ring to open images with; NULL: they are looked at from outside. */
static const struct enc_ring *image_ring(const struct publication *p)
{
	return p->ring.keys.n > 0 ? &p->ring.keys : NULL;
}

static bool index_is_there(const struct publication *p)
{
	const struct fw_chunk_index *index = &p->d.manifest->chunks;
	char name[URL_MAX + 1], path[PATH_MAX];
	struct digests d;
	uint64_t size;
	int r;

	if (!publish_index_name(p->d.manifest, name))
		return true;
	if (!publish_path(p, 0, name, path))
		return false;
	r = files_digest(path, 0, index->digests.algs, index->size, NULL, &d, &size);
	if (r < 0)
		cli_say("%s: %s; give the images with --image", path, strerror(-r));
	return r == 0 &&
	       refuse_images(digests_match(&index->digests, &d) ? FWE_OK
								: FWE_IMAGE_DIGEST_MISMATCH);
}

/* Images that are not given must be in place already, and their index, too. What devices fetch
 * elsewhere is not looked at. */
static bool images_are_there(const struct publication *p)
{
	const struct manifest *m = p->d.manifest;
	struct cli_values files = {.n = m->n_images};
	char paths[MANIFEST_IMAGES_MAX][PATH_MAX];
	enum fw_error e = FWE_OK;
	char name[URL_MAX + 1];

	for (size_t i = 0; i < m->n_images; i++) {
		if (!publish_image_name(m, i, name))
			continue;
		if (!publish_path(p, 0, name, paths[i]))
			return false;
		if (access(paths[i], R_OK) < 0) {
			cli_say("%s: %s; give %s with --image", paths[i], strerror(errno),
				m->n_images > 1 ? "the images" : "it");
			return false;
		}
		files.at[i] = paths[i];
	}
	return images_check(m, image_ring(p), &files, 0, &e) == 0 && refuse_images(e) &&
	       index_is_there(p);
}

static bool check_images(const struct publication *p)
{
	const struct cli_values *files = cli_values(p->cli, "image");
	enum fw_error e = FWE_OK;
	char folder[PATH_MAX];

	if (p->d.manifest->direct && files->n == 0) {
		cli_say("a direct manifest is published in one file with its image: give --image");
		return false;
	}
	if (files->n == 0) /* later, in a folder that is locked, if there is one */
		return publish_path(p, 0, "", folder) &&
		       (access(folder, F_OK) == 0 || images_are_there(p));
	return images_check(p->d.manifest, image_ring(p), files, 0, &e) == 0 && refuse_images(e);
}

/* Against what is there already: devices that have it would refuse anything not newer. */
static bool is_newer(const struct publication *p, const struct manifest *old)
{
	const struct manifest *new = p->d.manifest;
	bool down = cli_value(p->cli, "allow-downgrade");

	if ((old->has & MANIFEST_SEQUENCE) != 0 &&
	    ((new->has &MANIFEST_SEQUENCE) == 0 || new->sequence <= old->sequence)) {
		cli_say("sequenceNumber must be above the published %llu",
			(unsigned long long)old->sequence);
		return false;
	}
	if ((old->has & MANIFEST_EXPIRES) != 0 && (new->has &MANIFEST_EXPIRES) == 0) {
		cli_say("the published manifest has expires, devices will want it again");
		return false;
	}
	if ((new->has &MANIFEST_SEQUENCE) == 0 && new->timestamp_us < old->timestamp_us) {
		cli_say("timestamp is before that of the published manifest");
		return false;
	}
	if ((old->has & new->has &MANIFEST_SECURITY) != 0 &&
	    new->security_version < old->security_version) {
		cli_say("securityVersion must not be below the published %llu",
			(unsigned long long)old->security_version);
		return false;
	}
	if (fw_version_cmp(&new->version, &old->version) <= 0 &&
	    !(down && (new->has &MANIFEST_SEQUENCE) != 0)) {
		cli_say("firmwareVersion must be above the published one");
		return false;
	}
	return true;
}

static bool check_published(const struct publication *p)
{
	CLEANUP(document_done) struct document old = {0};
	char path[PATH_MAX];

	if (!publish_path(p, 0, p->name, path))
		return false;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return true;
	if (document_read(path, &p->ring.keys, &old) < 0)
		return false;
	return !old.manifest || span_eq(buf_span(&old.octets), buf_span(&p->d.octets)) ||
	       is_newer(p, old.manifest);
}

static bool names_are_valid(const struct manifest *m)
{
	if (discover_name_is_valid(span_str(m->manufacturer)) &&
	    discover_name_is_valid(span_str(m->model)))
		return true;
	cli_say("manufacturer and model cannot be folders");
	return false;
}

bool publish_is_sound(const struct publication *p)
{
	return names_are_valid(p->d.manifest) && names_are_free(p->d.manifest) &&
	       devices_take(p->d.manifest, p->trust, &p->ring.keys, p->threshold,
			    buf_span(&p->d.octets)) &&
	       check_images(p);
}

bool publish_is_next(const struct publication *p)
{
	return (cli_values(p->cli, "image")->n > 0 || images_are_there(p)) && check_published(p);
}
