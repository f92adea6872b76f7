/*
 * OpenSSL's digests, ciphers and curves, each on a published test vector (RFC 1321, 4231, 7539, 7748, 8032; FIPS 180-2,
 * 197, 202; SP 800-38A; the GCM specification), then on drawn bytes in pieces of many lengths and at every alignment. Run
 * with OPENSSL_armcap=0, 1 (NEON), 0x3d (ARMv8), it is a test of the library's code for each.
 */
#include "known.h"

enum { MOST = 5000 };

static void *crypto;
static unsigned wrong, tried;

static void *call(const char *name)
{
	return function(crypto, name);
}

static size_t from_hex(unsigned char *out, const char *hex)
{
	size_t n = 0;

	for (unsigned byte; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		out[n++] = (unsigned char)byte;
	return n;
}

static void check(const char *name, const unsigned char *got, const char *want)
{
	unsigned char bytes[256];
	size_t n = from_hex(bytes, want);
	int good = !memcmp(got, bytes, n);

	wrong += !good;
	tried++;
	if (!good)
		printf("%s is wrong\n", name);
}

static const struct {
	const char *name, *text, *digest;
} DIGESTS[] = {
	{ "MD5", "abc", "900150983cd24fb0d6963f7d28e17f72" },
	{ "SHA1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ "SHA1", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
	{ "SHA224", "abc", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
	{ "SHA256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "SHA256", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "SHA384", "abc",
	  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
	{ "SHA512", "abc",
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e"
	  "2a9ac94fa54ca49f" },
	{ "SHA3-256", "abc", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532" },
	{ "SHA3-512", "", "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e3e9402c3ac558f"
			  "500199d95b6d3e301758586281dcd26" },
	{ "BLAKE2s256", "abc", "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982" },
	{ "BLAKE2b512", "abc",
	  "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925a"
	  "b92386edd4009923" },
	{ "RIPEMD160", "abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc" },
	{ "SM3", "abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" },
};

#define KEY128 "2b7e151628aed2a6abf7158809cf4f3c"
#define KEY256 "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
#define COUNT "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
#define START "000102030405060708090a0b0c0d0e0f"
#define PLAIN "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"

static const struct {
	const char *name, *key, *start, *plain, *cipher;
} CIPHERS[] = {
	{ "AES-128-ECB", START, "", "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a" },
	{ "AES-128-ECB", KEY128, "", PLAIN, "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf" },
	{ "AES-256-ECB", KEY256, "", PLAIN, "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870" },
	{ "AES-128-CBC", KEY128, START, PLAIN, "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2" },
	{ "AES-256-CBC", KEY256, START, PLAIN, "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d" },
	{ "AES-128-CTR", KEY128, COUNT, PLAIN, "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff" },
	{ "AES-256-CTR", KEY256, COUNT, PLAIN, "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5" },
	{ "AES-128-CFB", KEY128, START, PLAIN, "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b" },
	{ "AES-128-OFB", KEY128, START, PLAIN, "3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed825" },
	{ "ChaCha20", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "01000000000000000000004a00000000",
	  "4c616469657320616e642047656e746c656d656e206f662074686520636c6173", "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c2"
									       "0a27afccfd9fae0b" },
};

static void digests(void)
{
	const void *(*by_name)(const char *) = call("EVP_get_digestbyname");
	int (*digest)(const void *, size_t, unsigned char *, unsigned *, const void *, void *) = call("EVP_Digest");
	unsigned char out[64];

	for (size_t i = 0; i < sizeof(DIGESTS) / sizeof(*DIGESTS); i++) {
		const void *kind = by_name(DIGESTS[i].name);

		memset(out, 0, sizeof(out));
		if (kind)
			digest(DIGESTS[i].text, strlen(DIGESTS[i].text), out, NULL, kind, NULL);
		check(DIGESTS[i].name, out, DIGESTS[i].digest);
	}
}

/* One operation on some bytes in pieces; returns how many bytes came out. */
static int ciphered(const char *name, int encrypt, const unsigned char *key, const unsigned char *start, unsigned char *out,
		    const unsigned char *in, int size, int piece)
{
	const void *(*by_name)(const char *) = call("EVP_get_cipherbyname");
	void *(*make)(void) = call("EVP_CIPHER_CTX_new");
	void (*drop)(void *) = call("EVP_CIPHER_CTX_free");
	int (*begin)(void *, const void *, void *, const unsigned char *, const unsigned char *, int) = call("EVP_CipherInit_ex");
	int (*update)(void *, unsigned char *, int *, const unsigned char *, int) = call("EVP_CipherUpdate");
	int (*no_padding)(void *, int) = call("EVP_CIPHER_CTX_set_padding");
	void *context = make();
	int total = 0, some = 0;

	begin(context, by_name(name), NULL, key, start, encrypt);
	no_padding(context, 0);
	for (int at = 0; at < size; at += piece) {
		update(context, out + total, &some, in + at, size - at < piece ? size - at : piece);
		total += some;
	}
	drop(context);
	return total;
}

static void ciphers(void)
{
	unsigned char key[32], start[16], plain[64], cipher[64], out[128];

	for (size_t i = 0; i < sizeof(CIPHERS) / sizeof(*CIPHERS); i++) {
		int n = (int)from_hex(plain, CIPHERS[i].plain);

		from_hex(key, CIPHERS[i].key);
		from_hex(start, CIPHERS[i].start);
		from_hex(cipher, CIPHERS[i].cipher);
		ciphered(CIPHERS[i].name, 1, key, start, out, plain, n, n);
		check(CIPHERS[i].name, out, CIPHERS[i].cipher);
		ciphered(CIPHERS[i].name, 0, key, start, out, cipher, n, n);
		check(CIPHERS[i].name, out, CIPHERS[i].plain);
	}
}

/* AES-128-GCM, test case 4 of the specification: 60 bytes, 20 more that are only authenticated. */
static void authenticated(void)
{
	const void *(*by_name)(const char *) = call("EVP_get_cipherbyname");
	void *(*make)(void) = call("EVP_CIPHER_CTX_new");
	void (*drop)(void *) = call("EVP_CIPHER_CTX_free");
	int (*begin)(void *, const void *, void *, const unsigned char *, const unsigned char *, int) = call("EVP_CipherInit_ex");
	int (*update)(void *, unsigned char *, int *, const unsigned char *, int) = call("EVP_CipherUpdate");
	int (*finish)(void *, unsigned char *, int *) = call("EVP_CipherFinal_ex");
	int (*control)(void *, int, int, void *) = call("EVP_CIPHER_CTX_ctrl");
	unsigned char key[32], start[16], more[32], plain[64], out[128], tag[16];
	void *context = make();
	int some;

	from_hex(key, "feffe9928665731c6d6a8f9467308308");
	from_hex(start, "cafebabefacedbaddecaf888");
	int extra = (int)from_hex(more, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
	int n = (int)from_hex(plain, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
				     "b525b16aedf5aa0de657ba637b39");
	begin(context, by_name("id-aes128-GCM"), NULL, key, start, 1);
	update(context, NULL, &some, more, extra);
	update(context, out, &some, plain, n);
	finish(context, out + some, &some);
	control(context, 0x10 /* get the tag */, 16, tag);
	drop(context);
	check("AES-128-GCM", out, "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05"
				  "1ba30b396a0aac973d58e091");
	check("AES-128-GCM, tag", tag, "5bc94fbc3221a5db94fae95ae7121a47");
}

static void curve(const char *name, int kind, const char *secret, const char *public)
{
	void *(*private_key)(int, void *, const unsigned char *, size_t) = call("EVP_PKEY_new_raw_private_key");
	int (*public_key)(void *, unsigned char *, size_t *) = call("EVP_PKEY_get_raw_public_key");
	unsigned char key[32], out[32];
	size_t size = sizeof(out);

	from_hex(key, secret);
	public_key(private_key(kind, NULL, key, 32), out, &size);
	check(name, out, public);
}

/* Signs, or authenticates with a digest: kinds 855 (HMAC), 1061 (Poly1305), 1087 (Ed25519) of OpenSSL's. */
static void signs(const char *name, int kind, const char *secret, const char *digest, const char *text, const char *want)
{
	const void *(*by_name)(const char *) = call("EVP_get_digestbyname");
	void *(*private_key)(int, void *, const unsigned char *, size_t) = call("EVP_PKEY_new_raw_private_key");
	void *(*make)(void) = call("EVP_MD_CTX_new");
	int (*begin)(void *, void *, const void *, void *, void *) = call("EVP_DigestSignInit");
	int (*sign)(void *, unsigned char *, size_t *, const unsigned char *, size_t) = call("EVP_DigestSign");
	unsigned char key[64], out[64];
	size_t size = sizeof(out), length = from_hex(key, secret);
	void *context = make();

	memset(out, 0, sizeof(out));
	begin(context, NULL, digest ? by_name(digest) : NULL, NULL, private_key(kind, NULL, key, length));
	sign(context, out, &size, (const unsigned char *)text, strlen(text));
	check(name, out, want);
}

static void keys(void)
{
	const char *ed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
	const char *hi = "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b";

	curve("X25519", 1034, "0900000000000000000000000000000000000000000000000000000000000000",
	      "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
	curve("Ed25519", 1087, ed, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
	signs("Ed25519, signature", 1087, ed, NULL, "",
	      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
	      "655141438e7a100b");
	signs("HMAC-SHA256", 855, hi, "SHA256", "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	signs("Poly1305", 1061, "85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b", NULL,
	      "Cryptographic Forum Research Group", "a8061dc1305136c6c22b8baf0c0127a9");
}

/* Drawn bytes: each digest at alignments and lengths, each cipher in pieces, there and back. */
static void pieces(void)
{
	const void *(*by_name)(const char *) = call("EVP_get_digestbyname");
	int (*digest)(const void *, size_t, unsigned char *, unsigned *, const void *, void *) = call("EVP_Digest");
	static unsigned char text[MOST + 64], out[MOST + 64], back[MOST + 64];
	unsigned char result[64], key[32], start[16];
	uint64_t seed = 3;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)drawn(&seed);
	memcpy(key, text + 7, sizeof(key));
	memcpy(start, text + 50, sizeof(start));
	for (size_t i = 0; i < sizeof(DIGESTS) / sizeof(*DIGESTS); i++) {
		const void *kind = by_name(DIGESTS[i].name);
		uint64_t hash = HASH_START;

		for (unsigned n = 0; kind && n < MOST; n += n < 300 ? 7 : 1111) {
			memset(result, 0, sizeof(result));
			digest(text + n % 17, n, result, NULL, kind, NULL);
			hash = hashed(hash, result, sizeof(result));
		}
		printf("%s %016llx\n", DIGESTS[i].name, (unsigned long long)hash);
	}
	for (size_t i = 0; i < sizeof(CIPHERS) / sizeof(*CIPHERS); i++) {
		uint64_t hash = HASH_START;

		for (int piece = 1; piece < MOST; piece = piece * 3 + 5) {
			int size = 16 * (MOST / 16), n, same;

			n = ciphered(CIPHERS[i].name, 1, key, start, out + piece % 5, text + piece % 7, size, piece);
			hash = hashed(hash, out + piece % 5, (size_t)n);
			n = ciphered(CIPHERS[i].name, 0, key, start, back + piece % 3, out + piece % 5, n, piece + 11);
			same = n > size - 32 && !memcmp(back + piece % 3, text + piece % 7, (size_t)n);
			wrong += !same;
			tried++;
		}
		printf("%s %016llx\n", CIPHERS[i].name, (unsigned long long)hash);
	}
}

int main(void)
{
	crypto = library("libcrypto.so.3");
	digests();
	ciphers();
	authenticated();
	keys();
	pieces();
	printf("%u of %u wrong\n", wrong, tried);
	return 0;
}
