#include <limits.h>

#include "base/parse.h"
#include "base/timestamp.h"
#include "blame.h"
#include "create_options.h"
#include "files.h"
#include "fw/direct.h"
#include "index.h"

static const struct cli_option OPTIONS[] = {
	{"manufacturer",     "NAME",      "as devices have it, e.g. example.com",                                CLI_REQUIRED  },
	{"model",            "NAME",      "as devices have it, e.g. gw-100",                                     CLI_REQUIRED  },
	{"version",          "A.B.C",     "of the firmware",						     CLI_REQUIRED  },
	{"image",            "NAME=FILE", "one of several images, in list order",                                CLI_REPEATABLE},
	{"location",         "URI",       "of the image, or folder of the images; default: beside the manifest",
	 0														     },
	{"direct",           NULL,        "for one file with manifest and image",                                0             },
	{"encryption",       "FILE",      "info of encrypt-image; NAME=FILE for one of several",
	 CLI_REPEATABLE													},
	{"chunks",           "[=OCTETS]",
	 "also write an index, so that devices fetch only chunks that changed",                                  0             },
	{"digest",           "NAME",      "sha256 (default), sha384, sha512",                                    CLI_REPEATABLE},
	{"sequence",         "N",         "number of this manifest; rises with each",                            0             },
	{"security-version", "N",         "devices refuse lower ones for good",                                  0             },
	{"expires",          "WHEN",      "date as 2027-06-01T00:00:00Z, or days as 365d",                       0             },
	{"timestamp",        "DATE",      "default: SOURCE_DATE_EPOCH, else now",                                0             },
	{"hardware",         "REV",       "revision it is for",						  CLI_REPEATABLE},
	{"requires",         "A.B.C",     "version it can be installed over",                                    CLI_REPEATABLE},
	{"min-version",      "A.B.C",     "lowest version it can be installed over",                             0             },
	{"format",           "NAME",      "of the image; devices take raw",                                      0             },
	{"vendor-id",        "UUID",      "compared by devices that have one",                                   0             },
	{"class-id",         "UUID",      "compared by devices that have one",                                   0             },
	{"critical",         "NAME",      "member that devices must understand or refuse",                       CLI_REPEATABLE},
	{"key-info",         "FILE",      "new key set, made by key info",                                       0             },
	{"notes",            "TEXT",      "release notes",						       0             },
	{"notes-uri",        "URI",       "where the release notes are",                                         0             },
	{"severity",         "TEXT",      "for people",							  0             },
	{"out",              "FILE",      "default: standard output",                                            0             },
};

static void set_date(const struct draft *d, const char *member, uint64_t us)
{
	char date[TIMESTAMP_TEXT + 1];

	timestamp_format(us, date);
	jsn_set_str(d->root, member, date);
}

struct jsn *commit_hash(const struct digests *digests)
{
	struct jsn *array = jsn_new_array();

	for (unsigned a = 0; a < HASH_COUNT; a++) {
		char hex[2 * HASH_MAX + 1];
		struct jsn *entry;

		if ((digests->algs & HASH_BIT(a)) == 0)
			continue;
		hex_encode(span_of(digests->b[a], hash_len((enum hash_alg)a)), hex);
		entry = jsn_new_object();
		jsn_set_str(entry, "digestAlgo", hash_name((enum hash_alg)a));
		jsn_set_str(entry, "hash", hex);
		jsn_add(array, entry);
	}
	return array;
}

static bool measure(const struct draft *d, const char *path, struct hash_set *also,
		    struct digests *ret, uint64_t *ret_size)
{
	int r = files_digest(path, 0, d->algs, MANIFEST_UINT_MAX, also, ret, ret_size);

	if (r < 0)
		cli_say("%s: %s", path, strerror(-r));
	return r == 0;
}

static void set_crypto_info(const struct draft *d, const struct digests *digests, uint64_t size)
{
	struct jsn *info = jsn_new_object();

	jsn_set(info, "commitHash", commit_hash(digests));
	jsn_set(d->root, "firmwareCryptoInfo", info);
	jsn_set_int(d->root, "imageSize", (int64_t)size);
}

/* The info file that goes with an image, NAME=FILE; name NULL for the only one. False: told. *ret
 * is owned by the caller, NULL if there is none. */
static bool read_encryption(const struct draft *d, struct span name, struct jsn **ret)
{
	const struct cli_values *files = cli_values(d->cli, "encryption");

	*ret = NULL;
	for (size_t i = 0; i < files->n && !*ret; i++) {
		struct span path = span_str(files->at[i]);

		if (name.ptr && !span_eq(span_cut(&path, '='), name))
			continue;
		if (json_read((const char *)path.ptr, MANIFEST_BYTES_MAX, JWK_DEPTH_MAX, ret) < 0)
			return false;
		if (!jsn_str(jsn_get(*ret, "location")) || !jsn_get(*ret, "encryption")) {
			cli_say("%s: not made by encrypt-image", (const char *)path.ptr);
			*ret = jsn_free(*ret);
			return false;
		}
	}
	return true;
}

/* Devices fetch the encrypted file, wherever the plain one lay. */
static void set_encryption(struct jsn *image, const char *location, const struct jsn *info)
{
	jsn_set_str(image, location, jsn_str(jsn_get(info, "location")));
	jsn_set(image, "encryption", jsn_copy(jsn_get(info, "encryption")));
}

static bool set_only_image(const struct draft *d, const char *path)
{
	const char *location =
		cli_value(d->cli, "direct") ? DIRECT_LOCATION : cli_value(d->cli, "location");
	CLEANUP(jsn_freep) struct jsn *info = NULL;
	struct digests digests;
	uint64_t size;

	if (!read_encryption(d, span_of(NULL, 0), &info))
		return false;
	if (!location && !info)
		location = url_name(path);
	if ((!location && !info) || !measure(d, path, NULL, &digests, &size))
		return false;
	if (info)
		set_encryption(d->root, "firmwareLocation", info);
	if (location)
		jsn_set_str(d->root, "firmwareLocation", location);
	set_crypto_info(d, &digests, size);
	return true;
}

/* NAME=FILE */
static struct jsn *new_image(const struct draft *d, const char *text, struct hash_set *all,
			     uint64_t *total)
{
	const char *equals = strchr(text, '='), *location;
	CLEANUP(jsn_freep) struct jsn *info = NULL;
	struct digests digests;
	struct jsn *image;
	uint64_t size;

	if (!equals) {
		cli_say("--image: want NAME=FILE");
		return NULL;
	}
	if (!read_encryption(d, span_of(text, (size_t)(equals - text)), &info))
		return NULL;
	location = info ? "" : url_name(equals + 1);
	if (!location || !measure(d, equals + 1, all, &digests, &size))
		return NULL;
	image = jsn_new_object();
	jsn_set_text(image, "name", span_of(text, (size_t)(equals - text)));
	jsn_set_str(image, "location", location);
	jsn_set_int(image, "size", (int64_t)size);
	jsn_set(image, "commitHash", commit_hash(&digests));
	if (info)
		set_encryption(image, "location", info);
	*total += size;
	return image;
}

static bool set_images(const struct draft *d, const struct cli_values *files)
{
	const char *location = cli_value(d->cli, "location");
	CLEANUP(hash_set_freep) struct hash_set *all = NULL;
	struct digests digests;
	struct jsn *images;
	uint64_t total = 0;
	int r;

	jsn_set_str(d->root, "firmwareLocation", location ? location : "./");
	r = hash_set_new(&all, d->algs);
	if (r < 0) {
		cli_say("--image: %s", strerror(-r));
		return false;
	}
	images = jsn_new_array();
	for (size_t i = 0; i < files->n; i++) {
		struct jsn *image = new_image(d, files->at[i], all, &total);

		if (!image) {
			(void)jsn_free(images);
			return false;
		}
		jsn_add(images, image);
	}
	hash_set_final(all, &digests);
	set_crypto_info(d, &digests, total);
	jsn_set(d->root, "images", images);
	return true;
}

static bool make_index(const struct draft *d, const char *target, struct digests *ret)
{
	int r = index_make(&d->index, target, target ? &d->index_digests : NULL, ret);

	if (r == -EINVAL)
		cli_say("--chunks: want a power of two from %u to %u, and an image of at most %llu "
			"chunks",
			CHUNKS_OCTETS, CHUNKS_OCTETS_MAX, (unsigned long long)CHUNKS_MAX);
	else if (r < 0)
		cli_say("%s: %s", target ? target : "chunk index", files_error(r));
	return r == 0;
}

/* For devices that hold some of the chunks already. */
static bool set_index(struct draft *d, const struct cli_values *images)
{
	char location[PATH_MAX];
	const char *name;
	struct jsn *index;

	if (!cli_value(d->cli, "chunks"))
		return true;
	for (size_t i = 0; i < images->n; i++)
		d->files[i] = strchr(images->at[i], '=') + 1;
	if (images->n == 0)
		d->files[0] = d->cli->operands[0];
	d->index = (struct index_plan){
		.files = d->files,
		.n = images->n > 0 ? images->n : 1,
		.size = (uint64_t)jsn_int(jsn_get(d->root, "imageSize")),
		.octets = (uint32_t)d->chunk,
		.algs = d->algs,
	};
	name = url_name(d->files[0]);
	if (!name || !make_index(d, NULL, &d->index_digests))
		return false;
	(void)snprintf(location, sizeof(location), "%s" CHUNKS_FILE_END, name);
	index = jsn_new_object();
	jsn_set_str(index, "location", location);
	jsn_set_int(
		index, "size",
		(int64_t)chunks_index_size(&(struct chunks_form){d->index.octets, d->index.size}));
	jsn_set_int(index, "chunkSize", (int64_t)d->chunk);
	jsn_set(index, "commitHash", commit_hash(&d->index_digests));
	jsn_set(d->root, "chunkIndex", index);
	return true;
}

/* Beside the first image, once all is known to be right. */
static bool write_index(const struct draft *d)
{
	char target[PATH_MAX];
	struct digests digests;

	if (d->index.n == 0)
		return true;
	if (snprintf(target, PATH_MAX, "%s" CHUNKS_FILE_END, d->files[0]) >= PATH_MAX) {
		cli_say("%s: %s", d->files[0], strerror(ENAMETOOLONG));
		return false;
	}
	return make_index(d, target, &digests);
}

static void set_lists(const struct draft *d)
{
	static const struct {
		const char *option, *member;
		bool list;
	} TEXTS[] = {
		{"hardware",    "hardwareRevisions",  true },
		{"requires",    "requiredVersions",   true },
		{"min-version", "minFirmwareVersion", false},
		{"format",      "format",             false},
		{"critical",    "critical",           true },
		{"vendor-id",   "vendorId",           false},
		{"class-id",    "classId",            false},
		{"notes-uri",   "releaseNotesUri",    false},
		{"notes",       "releaseNotes",       false},
		{"severity",    "severity",           false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++) {
		const struct cli_values *values = cli_values(d->cli, TEXTS[i].option);
		struct jsn *array;

		if (values->n == 0)
			continue;
		if (!TEXTS[i].list) {
			jsn_set_str(d->root, TEXTS[i].member, values->at[values->n - 1]);
			continue;
		}
		array = jsn_new_array();
		for (size_t k = 0; k < values->n; k++)
			jsn_add(array, jsn_new_text(span_str(values->at[k])));
		jsn_set(d->root, TEXTS[i].member, array);
	}
}

static bool set_key_info(const struct draft *d)
{
	const char *path = cli_value(d->cli, "key-info");
	struct jsn *info = NULL;

	if (path && json_read(path, JWK_FILE_MAX, JWK_DEPTH_MAX, &info) < 0)
		return false;
	if (path)
		jsn_set(d->root, "key-info", info);
	return true;
}

static bool fill(struct draft *d)
{
	const struct cli_values *files = cli_values(d->cli, "image");

	jsn_set_str(d->root, "manifestVersion", "1.0");
	set_date(d, "timestamp", d->timestamp_us);
	jsn_set_str(d->root, "manufacturer", cli_value(d->cli, "manufacturer"));
	jsn_set_str(d->root, "model", cli_value(d->cli, "model"));
	jsn_set_str(d->root, "firmwareVersion", cli_value(d->cli, "version"));
	if (files->n > 0 ? !set_images(d, files) : !set_only_image(d, d->cli->operands[0]))
		return false;
	set_lists(d);
	if (!set_index(d, files))
		return false;
	if (cli_value(d->cli, "sequence"))
		jsn_set_int(d->root, "sequenceNumber", (int64_t)d->sequence);
	if (cli_value(d->cli, "security-version"))
		jsn_set_int(d->root, "securityVersion", (int64_t)d->security);
	if (cli_value(d->cli, "expires"))
		set_date(d, "expires", d->expires_us);
	return set_key_info(d);
}

static enum cli_exit create(const struct cli *cli)
{
	CLEANUP(jsn_freep) struct jsn *root = jsn_new_object();
	CLEANUP(manifest_freep) struct manifest *m = NULL;
	struct draft d = {.root = root};
	struct buf text = BUF_INIT(MANIFEST_BYTES_MAX);
	enum fw_error e;

	if (!draft_read(cli, &d))
		return CLI_USAGE;
	if (!fill(&d))
		return CLI_FAILED;
	e = jsn_write(root, JSN_COMPACT, &text) == 0
		    ? manifest_parse(buf_span(&text), ENVELOPE_JSON, 0, &m)
		    : FWE_MANIFEST_TOO_LARGE;
	if (e == FWE_OK)
		e = plan_check(m, BASE_URL);
	if (e != FWE_OK)
		blame("devices would refuse it", buf_span(&text), e);
	buf_done(&text);
	return e == FWE_OK && names_are_free(m) && write_index(&d) &&
			       output_json(cli, root, JSN_COMPACT) == 0
		       ? CLI_OK
		       : CLI_FAILED;
}

const struct cli_verb VERB_CREATE = {
	.name = "create",
	.operands = "[IMAGE]",
	.operands_max = 1,
	.summary = "Makes an unsigned manifest for an image, or for several",
	.help = "Reads each image once for its size and digests. Without --sequence and --expires "
		"the\n"
		"manifest has the seven members of the draft and imageSize.",
	.options = OPTIONS,
	.n_options = ARRAY_SIZE(OPTIONS),
	.example = "--manufacturer example.com --model gw-100 --version 2.4.1 \\\n"
		   "         --sequence 42 --expires 365d --out m.json gw-100-2.4.1.img",
	.run = create,
};
