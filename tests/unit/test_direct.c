/* The head of a file that holds its own manifest. */
#include "test.h"

#include "fw/direct.h"

static void direct_head__names_what_is_wrong(void **state)
{
	static const struct {
		const char *name;
		struct span start;
		enum fw_error error;
		size_t len;
	} ROWS[] = {
		{"one octet",    SPAN_LIT("OCFSIMG1\0\0\0\x01"),       FWE_OK,                       1    },
		{"the longest",  SPAN_LIT("OCFSIMG1\0\x01\0\0more"),   FWE_OK,                       65536},
		{"one more",     SPAN_LIT("OCFSIMG1\0\x01\0\x01"),     FWE_MANIFEST_TOO_LARGE,       0    },
		{"far too long", SPAN_LIT("OCFSIMG1\xff\xff\xff\xff"), FWE_MANIFEST_TOO_LARGE,       0    },
		{"no manifest",  SPAN_LIT("OCFSIMG1\0\0\0\0"),         FWE_IMAGE_SIGNATURE_MISSING,  0    },
		{"other magic",  SPAN_LIT("OCFSIMG2\0\0\0\x01"),       FWE_IMAGE_FORMAT_UNSUPPORTED, 0    },
		{"a manifest",   SPAN_LIT("{\"payload\":\"\"}"),       FWE_IMAGE_FORMAT_UNSUPPORTED, 0    },
		{"magic alone",  SPAN_LIT("OCFSIMG2"),                 FWE_IMAGE_FORMAT_UNSUPPORTED, 0    },
		{"cut length",   SPAN_LIT("OCFSIMG1\0\0\0"),           FWE_IMAGE_TRUNCATED,          0    },
		{"cut magic",    SPAN_LIT("OCFSIM"),                   FWE_IMAGE_TRUNCATED,          0    },
		{"nothing",      SPAN_LIT(""),                         FWE_IMAGE_TRUNCATED,          0    },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		size_t len = 0;

		if (direct_head(ROWS[i].start, &len) != ROWS[i].error || len != ROWS[i].len)
			fail_msg("%s: length %zu", ROWS[i].name, len);
	}
}

static void direct_put_head__is_read_back(void **state)
{
	static const size_t LENGTHS[] = {1, 255, 256, 65535, 65536};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(LENGTHS); i++) {
		struct buf b = BUF_INIT(DIRECT_HEAD);
		size_t len = 0;

		direct_put_head(LENGTHS[i], &b);
		assert_true(direct_is(buf_span(&b)));
		assert_int_equal(direct_head(buf_span(&b), &len), FWE_OK);
		assert_int_equal(len, LENGTHS[i]);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(direct_head__names_what_is_wrong),
		cmocka_unit_test(direct_put_head__is_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
