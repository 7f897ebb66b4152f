#include "test.h"

#include "crypto/x509.h"
#include "tests/unit/x509_maker.h"

#define TIERS_MAX 5

static const struct x509_time NOW = {.us = MAKER_NOW, .trusted = true};

/* --- chains --- */

/* A world of one chain: specs from root down; the leaf is the last. */
struct world {
	struct spec spec[TIERS_MAX];
	size_t n;
	struct made made[TIERS_MAX];
	char pem[3 * 8192]; /* leaf first, without the root */
	struct x509_trust *trust;
	struct x509_time now;
	const struct uuid *anchor_for;
	bool send_root, other_root, no_anchor;
	bool refused; /* the root, as an anchor */
};

static struct world three_tiers(void)
{
	return (struct world){
		.n = 3,
		.now = NOW,
		.spec = {SPEC_CA("CN=Root,O=Test", -1), SPEC_CA("CN=Sub,O=Test", 0),
			 SPEC_END("CN=uuid:" MAKER_UUID ",O=Test")},
	};
}

static void build(struct world *w)
{
	const char *why = NULL;
	struct made other;

	for (size_t i = 0; i < w->n; i++)
		make(&w->made[i], &w->spec[i], i ? &w->made[i - 1] : NULL);
	w->pem[0] = '\0';
	for (size_t i = w->n; i-- > (w->send_root ? 0 : 1);)
		strcat(w->pem, w->made[i].pem);
	assert_int_equal(x509_trust_new(&w->trust), 0);
	if (w->no_anchor)
		return;
	if (w->other_root) {
		make(&other, &w->spec[0], NULL);
		assert_int_equal(x509_trust_add(w->trust, span_str(other.pem), w->anchor_for, &why),
				 0);
		unmake(&other);
	} else {
		w->refused =
			x509_trust_add(w->trust, span_str(w->made[0].pem), w->anchor_for, &why) < 0;
	}
}

static void destroy(struct world *w)
{
	for (size_t i = 0; i < w->n; i++)
		unmake(&w->made[i]);
	x509_trust_free(w->trust);
}

static int verify(struct world *w, enum x509_use use, const char **why)
{
	CLEANUP(x509_chain_freep) struct x509_chain *c = NULL;
	int r = x509_chain_parse(span_str(w->pem), &c, why);

	return r < 0 ? r : x509_verify(c, use, w->trust, &w->now, why);
}

#define SPOIL(name, code)                                                                          \
	static void name(struct world *w)                                                          \
	{                                                                                          \
		code;                                                                              \
	}
#define ROOT w->spec[0]
#define SUB  w->spec[1]
#define LEAF w->spec[w->n - 1]

static const struct uuid OTHER = {
	{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
};
static const struct uuid PEER = {
	{0xb0, 0xb0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}
};

static void two_tiers(struct world *w)
{
	w->spec[1] = w->spec[2];
	w->n = 2;
}

static void four_tiers(struct world *w)
{
	w->spec[3] = w->spec[2];
	w->spec[2] = SPEC_CA("CN=SubSub,O=Test", 0);
	w->n = 4;
}

static void four_tiers_covered(struct world *w)
{
	four_tiers(w);
	w->spec[1].path = 1;
}

/* An issuer of the root's own name, which is not the root. */
static void self_issued_between(struct world *w)
{
	w->spec[1] = w->spec[0];
	w->send_root = true;
}

SPOIL(nothing, (void)w)
SPOIL(root_sent, w->send_root = true)
SPOIL(no_anchor, w->no_anchor = true)
SPOIL(other_root, w->other_root = true)
SPOIL(anchor_for_peer, w->anchor_for = &PEER)
SPOIL(anchor_for_other, w->anchor_for = &OTHER)
SPOIL(root_path_short, ROOT.path = 0)
SPOIL(root_path_covers, ROOT.path = 1)
SPOIL(root_no_crl_sign, ROOT.usage = GNUTLS_KEY_KEY_CERT_SIGN)
SPOIL(root_signs, ROOT.usage |= GNUTLS_KEY_DIGITAL_SIGNATURE)
SPOIL(root_extra_usage, ROOT.usage |= GNUTLS_KEY_KEY_AGREEMENT)
SPOIL(root_expired, ROOT.to = MAKER_FROM + 1)
SPOIL(sub_no_path, SUB.path = -1)
SPOIL(sub_path_one, SUB.path = 1)
SPOIL(sub_no_ca, (SUB.ca = false, SUB.path = -1))
SPOIL(sub_no_crl_sign, SUB.usage = GNUTLS_KEY_KEY_CERT_SIGN)
SPOIL(sub_no_cert_sign, SUB.usage = GNUTLS_KEY_CRL_SIGN)
SPOIL(sub_expired, SUB.to = MAKER_FROM + 1)
SPOIL(leaf_is_ca, LEAF.ca = true)
SPOIL(leaf_path, LEAF.path = 0)
SPOIL(leaf_no_constraints, LEAF.no_constraints = true)
SPOIL(leaf_no_usage, LEAF.usage = 0)
SPOIL(leaf_only_signs, LEAF.usage = GNUTLS_KEY_DIGITAL_SIGNATURE)
SPOIL(leaf_extra_usage, LEAF.usage |= GNUTLS_KEY_KEY_ENCIPHERMENT)
SPOIL(leaf_no_eku, LEAF.ekus[0] = NULL)
SPOIL(leaf_no_identity, LEAF.ekus[2] = NULL)
SPOIL(leaf_no_server, LEAF.ekus[0] = OID_CLIENT)
SPOIL(leaf_no_client, LEAF.ekus[1] = OID_SERVER)
SPOIL(leaf_role_too, LEAF.ekus[3] = OID_ROLE)
SPOIL(leaf_any_too, LEAF.ekus[3] = OID_ANY)
SPOIL(leaf_other_too, LEAF.ekus[3] = "1.3.6.1.5.5.7.3.4")
SPOIL(leaf_no_uuid, LEAF.dn = "CN=Thing 4711")
SPOIL(leaf_bad_uuid, LEAF.dn = "CN=uuid:b0b00000-0000-4000-8000-00000000000g")
SPOIL(leaf_nil_uuid, LEAF.dn = "CN=uuid:00000000-0000-0000-0000-000000000000")
SPOIL(leaf_short_uuid, LEAF.dn = "CN=uuid:b0b00000-0000-4000-8000-00000000000")
SPOIL(leaf_uuid_inside, LEAF.dn = "CN=Thing (uuid:" MAKER_UUID ") no 5")
SPOIL(leaf_uuid_in_o, LEAF.dn = "CN=Thing,O=uuid:" MAKER_UUID)
SPOIL(leaf_expired, LEAF.to = MAKER_FROM + 1)
SPOIL(leaf_future, LEAF.from = MAKER_TO - 1)
SPOIL(leaf_strange, LEAF.strange = true)
SPOIL(leaf_p384, LEAF.curve = GNUTLS_ECC_CURVE_SECP384R1)
SPOIL(leaf_sha384, LEAF.digest = GNUTLS_DIG_SHA384)
SPOIL(leaf_version_1, (LEAF = (struct spec){.dn = LEAF.dn,
					    .version = 1,
					    .no_constraints = true,
					    .from = MAKER_FROM,
					    .to = MAKER_TO}))
SPOIL(expired_unset_clock, (LEAF.to = MAKER_FROM + 1, w->now.trusted = false))
SPOIL(future_unset_clock, (LEAF.from = MAKER_TO - 1, w->now.trusted = false))
SPOIL(last_second, w->now.us = (uint64_t)MAKER_TO * 1000000 + 999999)
SPOIL(one_second_late, w->now.us = (uint64_t)(MAKER_TO + 1) * 1000000)
SPOIL(first_second, w->now.us = (uint64_t)MAKER_FROM * 1000000)
SPOIL(one_second_early, w->now.us = (uint64_t)MAKER_FROM * 1000000 - 1)
SPOIL(leaf_self_signed, (w->n = 1, w->spec[0] = w->spec[2], w->send_root = true))

static const struct {
	const char *name;
	void (*spoil)(struct world *w);
	int mfg, identity; /* what x509_verify() says */
} CHAINS[] = {
	{"three tiers",                nothing,             0,             0            },
	{"two tiers",                  two_tiers,           0,             0            },
	{"four tiers",                 four_tiers,          -EKEYREJECTED, -EKEYREJECTED},
	{"four tiers, covered",        four_tiers_covered,  -EKEYREJECTED, 0            },
	{"root sent along",            root_sent,           0,             0            },
	{"self-issued in between",     self_issued_between, -EKEYREJECTED, 0            },
	{"no anchor",                  no_anchor,           -ENOKEY,       -ENOKEY      },
	{"another root, same name",    other_root,          -ENOKEY,       -ENOKEY      },
	{"anchor for this peer",       anchor_for_peer,     0,             0            },
	{"anchor for another peer",    anchor_for_other,    -ENOKEY,       -ENOKEY      },
	{"root path length 0",         root_path_short,     -EKEYREJECTED, -EKEYREJECTED},
	{"root path length 1",         root_path_covers,    0,             0            },
	{"root may not sign CRLs",     root_no_crl_sign,    -EKEYREJECTED, 0            },
	{"root may sign data",         root_signs,          0,             0            },
	{"root has another usage",     root_extra_usage,    -ENOKEY,       -ENOKEY      },
	{"root expired",               root_expired,        -EKEYEXPIRED,  -EKEYEXPIRED },
	{"intermediate: no path",      sub_no_path,         -EKEYREJECTED, 0            },
	{"intermediate: path 1",       sub_path_one,        -EKEYREJECTED, 0            },
	{"intermediate: no CA",        sub_no_ca,           -EKEYREJECTED, -EKEYREJECTED},
	{"intermediate: no CRLs",      sub_no_crl_sign,     -EKEYREJECTED, 0            },
	{"intermediate: no certs",     sub_no_cert_sign,    -EKEYREJECTED, -EKEYREJECTED},
	{"intermediate expired",       sub_expired,         -EKEYEXPIRED,  -EKEYEXPIRED },
	{"leaf is a CA",               leaf_is_ca,          -EKEYREJECTED, -EKEYREJECTED},
	{"leaf has a path length",     leaf_path,           -EKEYREJECTED, -EKEYREJECTED},
	{"leaf without constraints",   leaf_no_constraints, 0,             0            },
	{"leaf without usage",         leaf_no_usage,       -EKEYREJECTED, -EKEYREJECTED},
	{"leaf only signs",            leaf_only_signs,     -EKEYREJECTED, -EKEYREJECTED},
	{"leaf enciphers, too",        leaf_extra_usage,    -EKEYREJECTED, -EKEYREJECTED},
	{"leaf without EKU",           leaf_no_eku,         -EKEYREJECTED, -EKEYREJECTED},
	{"leaf without identity EKU",  leaf_no_identity,    -EKEYREJECTED, -EKEYREJECTED},
	{"leaf without serverAuth",    leaf_no_server,      -EKEYREJECTED, -EKEYREJECTED},
	{"leaf without clientAuth",    leaf_no_client,      -EKEYREJECTED, -EKEYREJECTED},
	{"leaf with role EKU, too",    leaf_role_too,       -EKEYREJECTED, -EKEYREJECTED},
	{"leaf with anyEKU, too",      leaf_any_too,        -EKEYREJECTED, -EKEYREJECTED},
	{"leaf with another EKU, too", leaf_other_too,      0,             0            },
	{"CN without UUID",            leaf_no_uuid,        0,             -EKEYREJECTED},
	{"CN with a bad UUID",         leaf_bad_uuid,       0,             -EKEYREJECTED},
	{"CN with the nil UUID",       leaf_nil_uuid,       0,             -EKEYREJECTED},
	{"CN with a short UUID",       leaf_short_uuid,     0,             -EKEYREJECTED},
	{"UUID inside the CN",         leaf_uuid_inside,    0,             0            },
	{"UUID in another name",       leaf_uuid_in_o,      0,             -EKEYREJECTED},
	{"leaf expired",               leaf_expired,        -EKEYEXPIRED,  -EKEYEXPIRED },
	{"leaf not yet valid",         leaf_future,         -EKEYEXPIRED,  -EKEYEXPIRED },
	{"unknown critical extension", leaf_strange,        -EKEYREJECTED, -EKEYREJECTED},
	{"leaf on P-384",              leaf_p384,           -EBADMSG,      -EBADMSG     },
	{"leaf signed with SHA-384",   leaf_sha384,         -EBADMSG,      -EBADMSG     },
	{"leaf of version 1",          leaf_version_1,      -EBADMSG,      -EBADMSG     },
	{"expired, clock not trusted", expired_unset_clock, -EKEYEXPIRED,  -EKEYEXPIRED },
	{"future, clock not trusted",  future_unset_clock,  0,             0            },
	{"in its last second",         last_second,         0,             0            },
	{"a second too late",          one_second_late,     -EKEYEXPIRED,  -EKEYEXPIRED },
	{"in its first second",        first_second,        0,             0            },
	{"a second too early",         one_second_early,    -EKEYEXPIRED,  -EKEYEXPIRED },
	{"signs itself",               leaf_self_signed,    -ENOKEY,       -ENOKEY      },
};

static void x509_verify__follows_the_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CHAINS); i++) {
		struct world w = three_tiers();
		const char *why = NULL;
		int mfg, identity;

		CHAINS[i].spoil(&w);
		build(&w);
		mfg = verify(&w, X509_MANUFACTURER, &why);
		identity = verify(&w, X509_IDENTITY, &why);
		if (mfg != CHAINS[i].mfg || identity != CHAINS[i].identity)
			fail_msg("%s: got %d %d (%s)", CHAINS[i].name, mfg, identity, why);
		destroy(&w);
	}
}

static void x509_verify__judges_servers(void **state)
{
	static const struct {
		const char *name;
		void (*spoil)(struct world *w);
		int want;
	} ROWS[] = {
		{"of a device",          nothing,            0            },
		{"without UUID",         leaf_no_uuid,       0            },
		{"for servers only",     leaf_no_client,     0            },
		{"only signs",           leaf_only_signs,    0            },
		{"enciphers, too",       leaf_extra_usage,   0            },
		{"any purpose, too",     leaf_any_too,       0            },
		{"four tiers, covered",  four_tiers_covered, 0            },
		{"four tiers",           four_tiers,         -EKEYREJECTED},
		{"for clients only",     leaf_no_server,     -EKEYREJECTED},
		{"without purpose",      leaf_no_eku,        -EKEYREJECTED},
		{"is a CA",              leaf_is_ca,         -EKEYREJECTED},
		{"strange and critical", leaf_strange,       -EKEYREJECTED},
		{"issuer is none",       sub_no_cert_sign,   -EKEYREJECTED},
		{"expired",              leaf_expired,       -EKEYEXPIRED },
		{"not yet valid",        leaf_future,        -EKEYEXPIRED },
		{"another root",         other_root,         -ENOKEY      },
		{"signs itself",         leaf_self_signed,   -ENOKEY      },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct world w = three_tiers();
		const char *why = NULL;
		int r;

		ROWS[i].spoil(&w);
		build(&w);
		r = verify(&w, X509_SERVER, &why);
		if (r != ROWS[i].want)
			fail_msg("%s: got %d (%s)", ROWS[i].name, r, why);
		destroy(&w);
	}
}

static void x509_chain_is_for__asks_the_alternative_names(void **state)
{
	/* fw.test, *.any.test, 192.0.2.1 */
	static const uint8_t SAN[] = "\x30\x1b\x82\x07"
				     "fw.test\x82\x0a*.any.test\x87\x04\xc0\x00\x02\x01";
	static const struct {
		const char *host;
		bool has_san, want;
	} ROWS[] = {
		{"fw.test",      true,  true },
                {"FW.Test",      true,  true },
		{"a.any.test",   true,  true },
                {"192.0.2.1",    true,  true },
		{"any.test",     true,  false},
                {"a.b.any.test", true,  false},
		{"xfw.test",     true,  false},
                {"192.0.2.2",    true,  false},
		{"named.test",   true,  false},
                {"",             true,  false},
		{"named.test",   false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		CLEANUP(x509_chain_freep) struct x509_chain *c = NULL;
		struct world w = three_tiers();
		const char *why;

		w.spec[2].dn = "CN=named.test";
		w.spec[2].san = ROWS[i].has_san ? SAN : NULL;
		w.spec[2].san_len = ROWS[i].has_san ? sizeof(SAN) - 1 : 0;
		build(&w);
		assert_int_equal(x509_chain_parse(span_str(w.pem), &c, &why), 0);
		if (x509_chain_is_for(c, ROWS[i].host) != ROWS[i].want)
			fail_msg("%s", ROWS[i].host);
		destroy(&w);
	}
}

static void x509_verify__names_the_reason(void **state)
{
	static const struct {
		void (*spoil)(struct world *w);
		const char *why;
	} ROWS[] = {
		{sub_path_one,     "path length of an intermediate is not 0"       },
		{leaf_any_too,     "extended key usage has a forbidden purpose"    },
		{leaf_no_identity, "extended key usage lacks a purpose"            },
		{leaf_extra_usage, "key usage has an extra bit"                    },
		{leaf_expired,     "certificate has expired"                       },
		{leaf_future,      "certificate is not yet valid"                  },
		{other_root,       "no trust anchor issued it"                     },
		{anchor_for_other, "its trust anchor is for another peer"          },
		{leaf_p384,        "certificate's key is not on P-256"             },
		{leaf_sha384,      "certificate is not signed by ecdsa-with-SHA256"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct world w = three_tiers();
		const char *why = NULL;

		ROWS[i].spoil(&w);
		build(&w);
		assert_true(verify(&w, X509_MANUFACTURER, &why) < 0);
		assert_string_equal(why, ROWS[i].why);
		destroy(&w);
	}
}

static void x509_verify__refuses_each_changed_octet(void **state)
{
	struct world w = three_tiers();
	const char *why = NULL;
	gnutls_datum_t der[2] = {{0}};
	size_t good = 0;

	(void)state;
	build(&w);
	must(gnutls_x509_crt_export2(w.made[2].crt, GNUTLS_X509_FMT_DER, &der[0]));
	must(gnutls_x509_crt_export2(w.made[1].crt, GNUTLS_X509_FMT_DER, &der[1]));
	for (size_t i = 0; i < der[0].size; i++) {
		CLEANUP(x509_chain_freep) struct x509_chain *c = NULL;
		struct span chain[] = {span_of(der[0].data, der[0].size),
				       span_of(der[1].data, der[1].size)};

		der[0].data[i] ^= 1;
		if (x509_chain_from_der(chain, 2, &c, &why) == 0 &&
		    x509_verify(c, X509_IDENTITY, w.trust, &w.now, &why) == 0)
			good++;
		der[0].data[i] ^= 1;
	}
	assert_int_equal(good, 0);
	gnutls_free(der[0].data);
	gnutls_free(der[1].data);
	destroy(&w);
}

static void x509_trust__takes_an_intermediate_as_anchor(void **state)
{
	struct world w = three_tiers();
	const char *why = NULL;

	(void)state;
	w.no_anchor = true;
	build(&w);
	assert_int_equal(x509_trust_add(w.trust, span_str(w.made[1].pem), NULL, &why), 0);
	assert_int_equal(verify(&w, X509_IDENTITY, &why), 0);
	destroy(&w);
}

static void x509_trust__refuses_what_is_no_ca(void **state)
{
	struct world w = three_tiers();
	const char *why = NULL;
	char two[2 * 8192];

	(void)state;
	build(&w);
	assert_int_equal(x509_trust_add(w.trust, span_str(w.made[2].pem), NULL, &why), -EBADMSG);
	(void)snprintf(two, sizeof(two), "%s%s", w.made[1].pem, w.made[0].pem);
	assert_int_equal(x509_trust_add(w.trust, span_str(two), NULL, &why), -EBADMSG);
	assert_int_equal(x509_trust_add(w.trust, span_str(""), NULL, &why), -EBADMSG);
	assert_int_equal(x509_trust_len(w.trust), 1);
	while (x509_trust_len(w.trust) < X509_ANCHORS_MAX)
		assert_int_equal(x509_trust_add(w.trust, span_str(w.made[0].pem), NULL, &why), 0);
	assert_int_equal(x509_trust_add(w.trust, span_str(w.made[0].pem), NULL, &why), -ENOSPC);
	destroy(&w);
}

static void x509_chain__has_limits_and_order(void **state)
{
	CLEANUP(x509_chain_freep) struct x509_chain *c = NULL;
	struct world w = three_tiers();
	const char *why = NULL;
	struct span der[X509_CHAIN_MAX + 1];
	gnutls_datum_t root = {0};
	char big[X509_PEM_MAX + 2], text[3 * 8192];
	struct uuid id;

	(void)state;
	build(&w);
	must(gnutls_x509_crt_export2(w.made[0].crt, GNUTLS_X509_FMT_DER, &root));
	(void)snprintf(text, sizeof(text), "Bag of things\n%s\n%s", w.made[2].pem, w.made[1].pem);
	assert_int_equal(x509_chain_parse(span_str(text), &c, &why), 0);
	assert_int_equal(x509_chain_len(c), 2);
	assert_true(x509_chain_uuid(c, &id));
	assert_memory_equal(&id, &PEER, sizeof(id));
	c = x509_chain_free(c);

	(void)snprintf(text, sizeof(text), "%s%s", w.made[1].pem, w.made[2].pem);
	assert_int_equal(x509_chain_parse(span_str(text), &c, &why), -EBADMSG);
	assert_string_equal(why, "certificates are not in order");
	text[0] = '\0';
	for (size_t i = 0; i <= X509_CHAIN_MAX; i++)
		strcat(text, w.made[0].pem);
	assert_int_equal(x509_chain_parse(span_str(text), &c, &why), -EBADMSG);
	assert_string_equal(why, "chain is too long");
	memset(big, '\n', sizeof(big));
	memcpy(big, w.made[2].pem, strlen(w.made[2].pem));
	assert_int_equal(x509_chain_parse(span_of(big, X509_PEM_MAX), &c, &why), 0);
	c = x509_chain_free(c);
	assert_int_equal(x509_chain_parse(span_of(big, X509_PEM_MAX + 1), &c, &why), -EBADMSG);
	assert_int_equal(x509_chain_parse(span_str(w.made[0].key_pem), &c, &why), -EBADMSG);
	assert_int_equal(x509_chain_parse(span_of(NULL, 0), &c, &why), -EBADMSG);
	assert_int_equal(x509_chain_from_der(NULL, 0, &c, &why), -EBADMSG);
	for (size_t i = 0; i < ARRAY_SIZE(der); i++)
		der[i] = span_of(root.data, root.size);
	assert_int_equal(x509_chain_from_der(der, X509_CHAIN_MAX, &c, &why), 0);
	c = x509_chain_free(c);
	assert_int_equal(x509_chain_from_der(der, X509_CHAIN_MAX + 1, &c, &why), -EBADMSG);
	der[0].len = X509_DER_MAX + 1; /* not looked into */
	assert_int_equal(x509_chain_from_der(der, 1, &c, &why), -EBADMSG);
	gnutls_free(root.data);
	destroy(&w);
}

static void x509_chain_period__is_the_narrowest(void **state)
{
	CLEANUP(x509_chain_freep) struct x509_chain *c = NULL;
	struct world w = three_tiers();
	const char *why = NULL;
	uint64_t from, until;

	(void)state;
	w.spec[2].from += 100;
	w.spec[1].to -= 100;
	build(&w);
	assert_int_equal(x509_chain_parse(span_str(w.pem), &c, &why), 0);
	x509_chain_period(c, &from, &until);
	assert_int_equal(from, (uint64_t)(MAKER_FROM + 100) * 1000000);
	assert_int_equal(until, (uint64_t)(MAKER_TO - 100) * 1000000 + 999999);
	destroy(&w);
}

/* --- roles --- */

static const struct {
	const char *name, *dn, *role, *authority; /* role NULL: there is none */
} ROLES[] = {
	{"role and authority",  "CN=cook,OU=kitchen", "cook",           "kitchen"},
	{"authority first",     "OU=kitchen,CN=cook", "cook",           "kitchen"},
	{"without authority",   "CN=oic.role.owner",  "oic.role.owner", "Sub"    },
	{"without a name",      "OU=kitchen",         NULL,             NULL     },
	{"with another name",   "O=House,CN=cook",    "cook",           "Sub"    },
	{"a comma in it",       "CN=cook\\, first",   "cook, first",    "Sub"    },
	{"a control character", "CN=#0c05636f0a6f6b", NULL,             NULL     },
	{"no subjectAltName",   NULL,                 NULL,             NULL     },
};

static void x509_chain_role__reads_the_directory_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROLES); i++) {
		struct world w = three_tiers();
		CLEANUP(x509_chain_freep) struct x509_chain *c = NULL;
		const char *why = NULL;
		struct x509_role role;
		bool found;

		w.spec[w.n - 1].ekus[2] = OID_ROLE;
		w.spec[w.n - 1].role_dn = ROLES[i].dn;
		build(&w);
		assert_int_equal(x509_chain_parse(span_str(w.pem), &c, &why), 0);
		found = x509_chain_role(c, 0, &role);
		if (found != (ROLES[i].role != NULL) ||
		    (found && (strcmp(role.name, ROLES[i].role) != 0 ||
			       strcmp(role.authority, ROLES[i].authority) != 0)))
			fail_msg("%s: %d %s %s", ROLES[i].name, found, role.name, role.authority);
		assert_false(x509_chain_role(c, 1, &role));
		assert_int_equal(x509_verify(c, X509_ROLE, w.trust, &w.now, &why),
				 found ? 0 : -EKEYREJECTED);
		assert_int_equal(x509_verify(c, X509_IDENTITY, w.trust, &w.now, &why),
				 -EKEYREJECTED);
		destroy(&w);
	}
}

/* --- revocation --- */

static void x509_trust_add_crl__revokes(void **state)
{
	struct world w = three_tiers();
	const char *why = NULL;
	const unsigned listed[] = {5, 76, 78, 1000}, revoked[] = {5, 77};
	uint8_t crl[2048];
	uint64_t when = 0;
	size_t n;

	(void)state;
	two_tiers(&w);
	build(&w);
	n = make_crl(&w.made[0], listed, ARRAY_SIZE(listed), crl, sizeof(crl));
	assert_int_equal(x509_crl_time(span_of(crl, n), &when), 0);
	assert_int_equal(when, (uint64_t)MAKER_FROM * 1000000);
	assert_int_equal(x509_trust_add_crl(w.trust, span_of(crl, n), &why), 0);
	assert_int_equal(verify(&w, X509_IDENTITY, &why), 0);
	n = make_crl(&w.made[0], revoked, ARRAY_SIZE(revoked), crl, sizeof(crl));
	assert_int_equal(x509_trust_add_crl(w.trust, span_of(crl, n), &why), 0);
	assert_int_equal(verify(&w, X509_IDENTITY, &why), -EKEYREVOKED);
	assert_string_equal(why, "certificate is revoked");
	destroy(&w);
}

static void x509_verify__does_not_pass_what_a_list_hides(void **state)
{
	struct world w = three_tiers();
	const char *why = NULL;
	const unsigned revoked[] = {MAKER_LONG_SERIAL, 77};
	uint8_t crl[2048];
	size_t n;

	(void)state;
	two_tiers(&w);
	build(&w);
	n = make_crl(&w.made[0], revoked, ARRAY_SIZE(revoked), crl, sizeof(crl));
	assert_int_equal(x509_trust_add_crl(w.trust, span_of(crl, n), &why), 0);
	assert_int_equal(verify(&w, X509_IDENTITY, &why), -EKEYREVOKED);
	destroy(&w);
}

static void x509_trust_add_crl__refuses_strangers_and_damage(void **state)
{
	struct world w = three_tiers();
	const char *why = NULL;
	const unsigned listed[] = {5};
	uint8_t crl[2048];
	uint64_t when;
	size_t n;

	(void)state;
	build(&w);
	n = make_crl(&w.made[1], listed, 1, crl, sizeof(crl));
	assert_int_equal(x509_trust_add_crl(w.trust, span_of(crl, n), &why), -EBADMSG);
	n = make_crl(&w.made[0], listed, 1, crl, sizeof(crl));
	for (size_t i = 0; i < n; i++) {
		crl[i] ^= 1;
		if (x509_trust_add_crl(w.trust, span_of(crl, n), &why) == 0)
			fail_msg("taken with octet %zu changed", i);
		crl[i] ^= 1;
	}
	assert_int_equal(x509_crl_time(span_of(crl, n - 1), &when), -EBADMSG);
	for (size_t i = 0; i < X509_CRLS_MAX; i++)
		assert_int_equal(x509_trust_add_crl(w.trust, span_of(crl, n), &why), 0);
	assert_int_equal(x509_trust_add_crl(w.trust, span_of(crl, n), &why), -ENOSPC);
	destroy(&w);
}

static void x509_trust_add_crl__wants_an_anchor_that_may_sign_it(void **state)
{
	struct world w = three_tiers();
	const char *why = NULL;
	const unsigned listed[] = {5};
	uint8_t crl[2048];
	size_t n;

	(void)state;
	root_no_crl_sign(&w);
	build(&w);
	assert_int_equal(x509_trust_len(w.trust), 1);
	n = make_crl(&w.made[0], listed, 1, crl, sizeof(crl));
	assert_int_equal(x509_trust_add_crl(w.trust, span_of(crl, n), &why), -EBADMSG);
	assert_string_equal(why, "no trust anchor signed the revocation list");
	destroy(&w);
}

/* --- what we present --- */

static void x509_own_new__wants_the_rules_and_the_key(void **state)
{
	CLEANUP(x509_own_unrefp) struct x509_own *o = NULL;
	struct world w = three_tiers();
	struct x509_key *k = NULL;
	const char *why = NULL;

	(void)state;
	build(&w);
	assert_int_equal(x509_key_from_pem(span_str(w.made[1].key_pem), &k, &why), 0);
	assert_int_equal(x509_own_new(&o, span_str(w.pem), k, X509_MANUFACTURER, &why), -EBADMSG);
	assert_string_equal(why, "the private key belongs to another certificate");
	assert_int_equal(x509_key_from_pem(span_str(w.made[2].key_pem), &k, &why), 0);
	assert_int_equal(x509_own_new(&o, span_str(w.pem), k, X509_ROLE, &why), -EBADMSG);
	assert_int_equal(x509_key_from_pem(span_str(w.made[2].key_pem), &k, &why), 0);
	assert_int_equal(x509_own_new(&o, span_str(w.pem), k, X509_MANUFACTURER, &why), 0);
	assert_int_equal(x509_chain_len(x509_own_chain(o)), 2);
	destroy(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x509_verify__follows_the_rules),
		cmocka_unit_test(x509_verify__judges_servers),
		cmocka_unit_test(x509_chain_is_for__asks_the_alternative_names),
		cmocka_unit_test(x509_verify__names_the_reason),
		cmocka_unit_test(x509_verify__refuses_each_changed_octet),
		cmocka_unit_test(x509_trust__takes_an_intermediate_as_anchor),
		cmocka_unit_test(x509_trust__refuses_what_is_no_ca),
		cmocka_unit_test(x509_chain__has_limits_and_order),
		cmocka_unit_test(x509_chain_period__is_the_narrowest),
		cmocka_unit_test(x509_chain_role__reads_the_directory_name),
		cmocka_unit_test(x509_trust_add_crl__revokes),
		cmocka_unit_test(x509_verify__does_not_pass_what_a_list_hides),
		cmocka_unit_test(x509_trust_add_crl__refuses_strangers_and_damage),
		cmocka_unit_test(x509_trust_add_crl__wants_an_anchor_that_may_sign_it),
		cmocka_unit_test(x509_own_new__wants_the_rules_and_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
