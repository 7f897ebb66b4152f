#include "fw/judge.h"

static enum fw_error check_identity(const struct fw_context *c, const struct fw_judgement *j)
{
	const struct manifest *m = j->manifest;
	bool listed = !m->hardware;

	if (strcmp(m->manufacturer, c->manufacturer) != 0)
		return FWE_MANIFEST_MANUFACTURER_MISMATCH;
	if (strcmp(m->model, c->model) != 0)
		return FWE_MANIFEST_MODEL_MISMATCH;
	for (size_t i = 0; c->hardware && i < jsn_len(m->hardware); i++)
		listed |= span_is(jsn_text(jsn_at(m->hardware, i)), c->hardware);
	if (!listed)
		return FWE_MANIFEST_HARDWARE_MISMATCH;
	if ((m->has & MANIFEST_VENDOR_ID) != 0 && c->vendor_id &&
	    !uuid_eq(&m->vendor_id, c->vendor_id))
		return FWE_MANIFEST_MANUFACTURER_MISMATCH;
	if ((m->has & MANIFEST_CLASS_ID) != 0 && c->class_id && !uuid_eq(&m->class_id, c->class_id))
		return FWE_MANIFEST_MODEL_MISMATCH;
	return FWE_OK;
}

/* Without a trusted clock, time is at least the stored lower bound, and nothing is in the future.
 */
static enum fw_error check_time(const struct fw_context *c, const struct fw_judgement *j)
{
	uint64_t now = c->now_us;

	if (!c->clock_trusted)
		now = c->bound_us > c->last_timestamp_us ? c->bound_us : c->last_timestamp_us;
	if (c->clock_trusted && j->manifest->timestamp_us > now &&
	    j->manifest->timestamp_us - now > FW_FUTURE_MAX_US)
		return FWE_MANIFEST_TIMESTAMP_FUTURE;
	if ((j->manifest->has & MANIFEST_EXPIRES) != 0 && j->manifest->expires_us <= now)
		return FWE_MANIFEST_EXPIRED;
	return FWE_OK;
}

/* The last accepted manifest once more. */
static bool is_retry(const struct fw_context *c, const struct fw_judgement *j)
{
	return c->last_manifest_sha256 &&
	       memcmp(j->sha256, c->last_manifest_sha256, sizeof(j->sha256)) == 0;
}

/* RFC 9124: a counter of manifests. */
static enum fw_error check_sequence(const struct fw_context *c, const struct fw_judgement *j)
{
	const struct manifest *m = j->manifest;

	if (is_retry(c, j))
		return FWE_OK;
	if ((m->has & MANIFEST_SEQUENCE) == 0)
		return m->timestamp_us < c->last_timestamp_us ? FWE_MANIFEST_SEQUENCE_ROLLBACK
							      : FWE_OK;
	return (c->seen & MANIFEST_SEQUENCE) == 0 || m->sequence > c->last_sequence
		       ? FWE_OK
		       : FWE_MANIFEST_SEQUENCE_ROLLBACK;
}

static enum fw_error check_security(const struct fw_context *c, const struct fw_judgement *j)
{
	return (j->manifest->has & MANIFEST_SECURITY) != 0 &&
			       j->manifest->security_version < c->security_floor
		       ? FWE_MANIFEST_SECURITY_VERSION_ROLLBACK
		       : FWE_OK;
}

/* An older version on purpose: allowed here, at or above the floor, in a newer manifest, or the one
 * that was accepted as such before. check_sequence() has seen to the number itself. */
static bool downgrade_is_allowed(const struct fw_context *c, const struct manifest *m)
{
	return c->allow_downgrade && m->security_version >= c->security_floor &&
	       (m->has & MANIFEST_SEQUENCE) != 0;
}

static enum fw_error check_version(const struct fw_context *c, const struct fw_judgement *j)
{
	int order;

	if (!c->has_current)
		return FWE_OK;
	order = fw_version_cmp(&j->manifest->version, &c->current);
	if (order == 0 && !(c->reinstall && c->current_digests &&
			    digests_match(&j->manifest->digests, c->current_digests)))
		return FWE_MANIFEST_VERSION_SAME;
	if (order < 0 && !downgrade_is_allowed(c, j->manifest))
		return FWE_MANIFEST_VERSION_DOWNGRADE;
	return FWE_OK;
}

static enum fw_error check_precursor(const struct fw_context *c, const struct fw_judgement *j)
{
	const struct manifest *m = j->manifest;
	bool listed = !m->required_versions;

	for (size_t i = 0; c->has_current && i < jsn_len(m->required_versions); i++) {
		struct fw_version v;

		listed |= fw_version_parse(jsn_text(jsn_at(m->required_versions, i)), &v) &&
			  fw_version_cmp(&v, &c->current) == 0;
	}
	if (!listed)
		return FWE_MANIFEST_PRECURSOR_MISMATCH;
	if ((m->has & MANIFEST_MIN_VERSION) != 0 &&
	    (!c->has_current || fw_version_cmp(&c->current, &m->min_version) < 0))
		return FWE_MANIFEST_PRECURSOR_MISMATCH;
	return FWE_OK;
}

/* A manifest for a file that holds both is no use without it, nor another in such a file. */
static enum fw_error check_place(const struct fw_context *c, const struct fw_judgement *j)
{
	if (c->direct != j->manifest->direct)
		return FWE_MANIFEST_LOCATION_INVALID;
	return c->sized && j->manifest->size == MANIFEST_SIZE_UNKNOWN ? FWE_MANIFEST_FIELD_MISSING
								      : FWE_OK;
}

/* A key whose time was over when the manifest was made does not count. Who cannot tell the time
 * does not ask. */
static size_t count_good(const struct fw_context *c, const struct fw_judgement *j,
			 const struct trust_key *const *keys, size_t n)
{
	size_t good = 0;

	for (size_t i = 0; i < n; i++)
		good += !c->clock_trusted || keys[i]->not_after_us >= j->manifest->timestamp_us;
	return good;
}

static unsigned threshold(const struct fw_context *c)
{
	return c->threshold ? c->threshold : 1;
}

static enum fw_error check_key_ends(const struct fw_context *c, const struct fw_judgement *j)
{
	size_t good = count_good(c, j, j->envelope.signers, j->envelope.n_signers);

	if (good >= threshold(c))
		return FWE_OK;
	return good == 0 ? FWE_MANIFEST_KEY_REVOKED : FWE_MANIFEST_THRESHOLD_NOT_MET;
}

/* The place of the image, the end of keys, then checks 11 to 15 in their order. */
static enum fw_error (*const CHECKS[])(const struct fw_context *c, const struct fw_judgement *j) = {
	check_place,    check_key_ends, check_identity, check_time,
	check_sequence, check_security, check_version,  check_precursor,
};

static enum fw_error judge(const struct fw_context *c, const struct trust *trust,
			   struct span octets, struct fw_judgement *j)
{
	const struct envelope_policy policy = {
		.bytes_max = c->bytes_max ? c->bytes_max : MANIFEST_BYTES_MAX,
		.algs = c->algs ? c->algs : SIG_ALL,
		.threshold = threshold(c),
		.typ = MANIFEST_TYP,
		.content_type = MANIFEST_CONTENT_TYPE,
		.ring = c->ring,
		.role = TRUST_MANIFEST,
		.manufacturer = c->manufacturer,
	};
	/* Who has used freshness once cannot drop it again. In one file with the manifest the size
	 * tells where the image ends. */
	const unsigned required = (c->strict ? MANIFEST_SEQUENCE | MANIFEST_EXPIRES : 0) |
				  (c->direct ? MANIFEST_SIZE : 0) | c->required |
				  (c->seen & (MANIFEST_SEQUENCE | MANIFEST_EXPIRES));
	enum fw_error e = envelope_open(octets, trust, &policy, &j->envelope);

	if (e == FWE_OK && hash_once(HASH_SHA256, octets, j->sha256) < 0)
		e = FWE_INTERNAL;
	if (e == FWE_OK)
		e = manifest_parse(buf_span(&j->envelope.payload), j->envelope.form, required,
				   &j->manifest);
	for (size_t i = 0; e == FWE_OK && i < ARRAY_SIZE(CHECKS); i++)
		e = CHECKS[i](c, j);
	return e;
}

/* A release key must not be able to make keys: as many root keys as the threshold have signed. */
static void judge_rotation(const struct fw_context *c, struct fw_judgement *j)
{
	if ((j->manifest->has & MANIFEST_KEY_INFO) == 0)
		return;
	if (count_good(c, j, j->envelope.roots, j->envelope.n_roots) < threshold(c))
		j->warning = FWE_KEY_ROTATION_NOT_AUTHORISED;
	else if (j->manifest->key_info_version == c->key_info_version && is_retry(c, j))
		return; /* it brought them */
	else if (j->manifest->key_info_version <= c->key_info_version)
		j->warning = FWE_KEY_ROTATION_STALE;
	else
		j->rotates_keys = true;
}

void fw_judge(const struct fw_context *ctx, const struct trust *trust, struct span octets,
	      struct fw_judgement *ret)
{
	*ret = (struct fw_judgement){0};
	ret->error = judge(ctx, trust, octets, ret);
	ret->verdict = ret->error == FWE_OK                      ? FW_ACCEPT
		       : ret->error == FWE_MANIFEST_VERSION_SAME ? FW_NO_UPDATE
								 : FW_REJECT;
	/* Its version may run by now, and its keys not be stored yet: power failed in between. */
	if (ret->verdict == FW_ACCEPT || (ret->verdict == FW_NO_UPDATE && is_retry(ctx, ret)))
		judge_rotation(ctx, ret);
}

void fw_judgement_done(struct fw_judgement *j)
{
	envelope_done(&j->envelope);
	j->manifest = manifest_free(j->manifest);
}

const char *fw_verdict_name(enum fw_verdict v)
{
	static const char *const NAMES[] = {
		[FW_ACCEPT] = "accept",
		[FW_NO_UPDATE] = "no-update",
		[FW_REJECT] = "reject",
	};

	return NAMES[v];
}
