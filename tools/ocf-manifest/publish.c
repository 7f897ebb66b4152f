#include "publish.h"

#include <fcntl.h>
#include <sys/file.h>

#include "fw/direct.h"
#include "fw/discover.h"
#include "files.h"
#include "index.h"

static const struct cli_option OPTIONS[] = {
	{"trust",           "FILE", "trust store of the devices",                                     CLI_REQUIRED  },
	{"image",           "FILE", "image to publish too, in list order",                            CLI_REPEATABLE},
	DECRYPT_OPTION,
	{"threshold",       "N",    "keys that must have signed, as the devices have it; default: 1", 0             },
	{"direct",          NULL,   "only as one file with its image",                                0             },
	{"allow-downgrade", NULL,   "a lower version on purpose, with a higher sequence number",      0             },
};

/* `make` writes the file for the first layout; the second gets a link to it. */
static int place(const struct publication *p, const char *name, const void *what,
		 int (*make)(const struct publication *p, const void *what, const char *path))
{
	char first[PATH_MAX], path[PATH_MAX];
	int r;

	if (!publish_path(p, 0, name, first) || !publish_path(p, 1, name, path))
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
	char name[URL_MAX + 1];

	if (publish_image_name(p->d.manifest, i, name))
		return place(p, name, &(struct image_file){file, publish_digests(image)},
			     make_image);
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
	if (publish_index_name(p->d.manifest, name))
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
		if (publish_path(p, l, p->name, path))
			(void)printf("%s\n", path);
	return r;
}

static enum cli_exit print_report(const struct publication *p)
{
	struct jsn *root = jsn_new_object(), *files = jsn_new_array();
	char path[PATH_MAX], version[FW_VERSION_TEXT + 1];

	for (size_t l = 0; l < DISCOVER_LAYOUTS_N; l++) {
		if (publish_path(p, l, p->name, path))
			jsn_add(files, jsn_new_text(span_str(path)));
	}
	fw_version_format(&p->d.manifest->version, version);
	jsn_set_str(root, "firmwareVersion", version);
	jsn_set(root, "published", files);
	return json_print(root);
}

/* Keeps others from publishing into the folder until it is closed. */
static int open_folder(const struct publication *p)
{
	char path[PATH_MAX];
	int r, fd;

	if (!publish_path(p, 0, "", path))
		return -ENAMETOOLONG;
	r = files_make_parents(path);
	fd = r < 0 ? r : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		cli_say("%s: %s", path, strerror(r < 0 ? -r : errno));
		return -EIO;
	}
	r = flock(fd, LOCK_EX | LOCK_NB);
	if (r < 0 && errno == EWOULDBLOCK) {
		cli_warn("%s: somebody else is publishing here: waiting", path);
		r = flock(fd, LOCK_EX);
	}
	if (r < 0)
		cli_warn("%s: no lock: %s; let nobody else publish here meanwhile", path,
			 strerror(errno));
	return fd;
}

static enum cli_exit publish_document(const struct publication *p)
{
	const struct cli_values *files = cli_values(p->cli, "image");
	CLEANUP(closep) int folder = -1;

	if (p->d.manifest && cli_value(p->cli, "direct") && !p->d.manifest->direct)
		return cli_fail("%s: not a direct manifest; make it with create --direct",
				p->cli->operands[0]);
	if (!p->d.manifest) {
		document_refuse(p->cli->operands[0], &p->d);
		return CLI_FAILED;
	}
	if (!publish_is_sound(p))
		return CLI_FAILED;
	folder = open_folder(p);
	if (folder < 0 || !publish_is_next(p))
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
	if (p.root[0] == '\0') {
		cli_say("DIR is empty; . is the folder here");
		return CLI_USAGE;
	}
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
	.example = "--trust trust.jwks --image gw-100.img manifest.json /var/www/html",
	.run = publish,
};
