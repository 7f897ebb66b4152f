#include <limits.h>

#include "document.h"
#include "fw/direct.h"
#include "fw/discover.h"
#include "images.h"
#include "index.h"
#include "verbs.h"

static const struct cli_option OPTIONS[] = {
	{"trust",           "FILE", "trust store of the devices",                                     CLI_REQUIRED  },
	{"image",           "FILE", "image to publish too, in list order",                            CLI_REPEATABLE},
	DECRYPT_OPTION,
	{"threshold",       "N",    "keys that must have signed, as the devices have it; default: 1", 0             },
	{"direct",          NULL,   "only as one file with its image",                                0             },
	{"allow-downgrade", NULL,   "a lower version on purpose, with a higher sequence number",      0             },
};

#define BASE        "http://local/a/manifest.json"
#define BASE_FOLDER (sizeof("http://local/a/") - 1)

struct publication {
	const struct cli *cli;
	const char *root;
	unsigned threshold;
	const char *name; /* of the manifest below its folder */
	struct document d;
	struct trust *trust;
	struct ring ring; /* for what is published encrypted */
};

static bool put_path(const struct publication *p, size_t layout, const char *name,
		     char ret[PATH_MAX])
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
	if (e != FWE_OK || strncmp(url, BASE, BASE_FOLDER) != 0 || strpbrk(url, "%?") ||
	    url[BASE_FOLDER] == '\0')
		return false;
	memcpy(ret, url + BASE_FOLDER, strlen(url + BASE_FOLDER) + 1);
	return true;
}

static bool image_name(const struct manifest *m, size_t i, char ret[URL_MAX + 1])
{
	char url[URL_MAX + 1];

	return local_name(manifest_image_url(m, i, span_str(BASE), url), url, ret);
}

static bool index_name(const struct manifest *m, char ret[URL_MAX + 1])
{
	char url[URL_MAX + 1];

	return m->chunks.location &&
	       local_name(manifest_chunks_url(m, span_str(BASE), url), url, ret);
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

static bool names_are_free(const struct manifest *m)
{
	char name[URL_MAX + 1];
	bool reserved = index_name(m, name) && is_reserved(name);

	for (size_t i = 0; i < m->n_images && !m->direct; i++)
		reserved |= image_name(m, i, name) && is_reserved(name);
	if (reserved)
		cli_say("an image cannot be named manifest.json, manifest.cbor or " DIRECT_FILE
			": rename it");
	return !reserved;
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

	if (!index_name(p->d.manifest, name))
		return true;
	if (!put_path(p, 0, name, path))
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
	CLEANUP(freep) char(*paths)[PATH_MAX] = calloc(m->n_images, sizeof(*paths));
	enum fw_error e = FWE_OK;
	char name[URL_MAX + 1];

	for (size_t i = 0; i < m->n_images; i++) {
		if (!image_name(m, i, name))
			continue;
		if (!paths || !put_path(p, 0, name, paths[i]))
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

	if (p->d.manifest->direct && files->n == 0) {
		cli_say("a direct manifest is published in one file with its image: give --image");
		return false;
	}
	if (files->n == 0)
		return images_are_there(p);
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

	if (!put_path(p, 0, p->name, path))
		return false;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return true;
	if (document_read(path, &p->ring.keys, &old) < 0)
		return false;
	return !old.manifest || span_eq(buf_span(&old.octets), buf_span(&p->d.octets)) ||
	       is_newer(p, old.manifest);
}

/* `make` writes the file for the first layout; the second gets a link to it. */
static int place(const struct publication *p, const char *name, const void *what,
		 int (*make)(const struct publication *p, const void *what, const char *path))
{
	char first[PATH_MAX], path[PATH_MAX];
	int r;

	if (!put_path(p, 0, name, first) || !put_path(p, 1, name, path))
		return -ENAMETOOLONG;
	r = files_make_parents(first);
	if (r == 0)
		r = files_make_parents(path);
	if (r == 0)
		r = make(p, what, first);
	if (r == 0)
		r = files_link(first, path);
	if (r < 0)
		cli_say("%s: %s", first, files_error(r));
	return r;
}

struct image_file {
	const char *file;
	const struct digests *digests;
};

static int make_image(const struct publication *p, const void *what, const char *path)
{
	const struct image_file *image = what;
	struct digests d;
	uint64_t size;
	int r = files_digest(path, 0, image->digests->algs, FILES_WHOLE, NULL, &d, &size);

	(void)p;
	if (r == 0 && digests_match(image->digests, &d))
		return 0; /* as it is: servers derive from its date whether it changed */
	if (r == 0)
		cli_warn("%s: another image had this name; devices that fetch it now will fail",
			 path);
	return files_copy(span_of(NULL, 0), image->file, path, image->digests);
}

static int place_image(const struct publication *p, size_t i, const char *file)
{
	const struct fw_image *image = &p->d.manifest->images[i];
	const struct digests *want =
		image->encryption.key ? &image->encryption.digests : &image->digests;
	char name[URL_MAX + 1];

	if (image_name(p->d.manifest, i, name))
		return place(p, name, &(struct image_file){file, want}, make_image);
	cli_say("%s: not copied: devices fetch %s elsewhere", file, image->location);
	return 0;
}

static int make_index(const struct publication *p, const void *what, const char *path)
{
	const struct cli_values *files = what;
	const struct manifest *m = p->d.manifest;
	const struct index_plan plan = {files->at, files->n, m->size, (uint32_t)m->chunks.octets,
					m->chunks.digests.algs};
	struct digests digests;

	return index_make(&plan, path, &m->chunks.digests, &digests);
}

/* It follows from the images. */
static int place_index(const struct publication *p, const struct cli_values *files)
{
	char name[URL_MAX + 1];

	if (!p->d.manifest->chunks.location || files->n == 0)
		return 0;
	if (index_name(p->d.manifest, name))
		return place(p, name, files, make_index);
	cli_say("the chunk index is not written: devices fetch %s elsewhere",
		p->d.manifest->chunks.location);
	return 0;
}

/* Manifest and image in one file. */
static int place_direct(const struct publication *p, const char *path)
{
	struct buf before CLEANUP(buf_done) = BUF_INIT(DIRECT_HEAD + MANIFEST_BYTES_MAX);

	direct_put_head(p->d.octets.len, &before);
	buf_put(&before, buf_span(&p->d.octets));
	return buf_ok(&before) ? files_copy(buf_span(&before), cli_value(p->cli, "image"), path,
					    &p->d.manifest->digests)
			       : -ENOMEM;
}

static int make_manifest(const struct publication *p, const void *what, const char *path)
{
	(void)what;
	return p->d.manifest->direct ? place_direct(p, path)
				     : files_write(path, buf_span(&p->d.octets), FILES_PUBLIC);
}

/* The manifest comes last: whoever sees it finds the images. */
static int place_manifest(const struct publication *p)
{
	char path[PATH_MAX];
	int r = place(p, p->name, NULL, make_manifest);

	for (size_t l = 0; r == 0 && !p->cli->json && l < DISCOVER_LAYOUTS_N; l++)
		if (put_path(p, l, p->name, path))
			(void)printf("%s\n", path);
	return r;
}

static bool names_are_valid(const struct manifest *m)
{
	if (discover_name_is_valid(span_str(m->manufacturer)) &&
	    discover_name_is_valid(span_str(m->model)))
		return true;
	cli_say("manufacturer and model cannot be folders");
	return false;
}

static enum cli_exit print_report(const struct publication *p)
{
	struct jsn *root = jsn_new_object(), *files = jsn_new_array();
	char path[PATH_MAX], version[FW_VERSION_TEXT + 1];

	for (size_t l = 0; l < DISCOVER_LAYOUTS_N; l++) {
		if (put_path(p, l, p->name, path))
			jsn_add(files, jsn_new_text(span_str(path)));
	}
	fw_version_format(&p->d.manifest->version, version);
	jsn_set_str(root, "firmwareVersion", version);
	jsn_set(root, "published", files);
	return json_print(root);
}

static enum cli_exit publish_document(const struct publication *p)
{
	const struct cli_values *files = cli_values(p->cli, "image");

	if (p->d.manifest && cli_value(p->cli, "direct") && !p->d.manifest->direct)
		return cli_fail("%s: not a direct manifest; make it with create --direct",
				p->cli->operands[0]);
	if (!p->d.manifest) {
		document_refuse(p->cli->operands[0], &p->d);
		return CLI_FAILED;
	}
	if (!names_are_valid(p->d.manifest) || !names_are_free(p->d.manifest) ||
	    !devices_take(p->d.manifest, p->trust, &p->ring.keys, p->threshold,
			  buf_span(&p->d.octets)) ||
	    !check_images(p) || !check_published(p))
		return CLI_FAILED;
	for (size_t i = 0; !p->d.manifest->direct && i < files->n; i++) {
		if (place_image(p, i, files->at[i]) < 0)
			return CLI_FAILED;
	}
	if ((!p->d.manifest->direct && place_index(p, files) < 0) || place_manifest(p) < 0)
		return CLI_FAILED;
	return p->cli->json ? print_report(p) : CLI_OK;
}

static const char *file_name(const struct document *d)
{
	if (d->manifest && d->manifest->direct)
		return DIRECT_FILE;
	return document_is_cbor(d) ? "manifest.cbor" : "manifest.json";
}

static enum cli_exit publish(const struct cli *cli)
{
	struct publication p = {.cli = cli, .root = cli->operands[1]};
	uint64_t threshold = 1;
	enum cli_exit r;

	if (!cli_number(cli, "threshold", ENVELOPE_SIGNATURES_MAX, &threshold))
		return CLI_USAGE;
	p.threshold = (unsigned)threshold;
	if (trust_read(cli_value(cli, "trust"), &p.trust) < 0)
		return CLI_FAILED;
	r = ring_read(cli, &p.ring) < 0 || document_read(cli->operands[0], &p.ring.keys, &p.d) < 0
		    ? CLI_FAILED
		    : CLI_OK;
	if (r == CLI_OK) {
		p.name = file_name(&p.d);
		r = publish_document(&p);
		document_done(&p.d);
	}
	p.trust = trust_free(p.trust);
	ring_done(&p.ring);
	return r;
}

const struct cli_verb VERB_PUBLISH = {
	.name = "publish",
	.operands = "MANIFEST DIR",
	.operands_min = 2,
	.operands_max = 2,
	.summary = "Puts a signed manifest and its images below a web server's folder",
	.help = "Writes DIR/.well-known/firmware/MANUFACTURER/MODEL/ and the same below "
		"manifest/,\n"
		"each file in one step, images first: manifest.json, manifest.cbor of a COSE "
		"message,\n"
		"or firmware.img, in which a direct manifest has its image behind it.\n"
		"Refuses what devices would refuse, and a version or sequence number that is not\n"
		"above the published one.",
	.options = OPTIONS,
	.n_options = ARRAY_SIZE(OPTIONS),
	.run = publish,
};
