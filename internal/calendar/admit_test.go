package calendar

import "testing"

func TestOnlyPublicAddressesAreAdmitted(t *testing.T) {
	for address, public := range map[string]bool{
		"93.184.215.14:443": true, "[2606:4700::1111]:443": true, "8.8.8.8:8443": true,
		"127.0.0.1:443": false, "10.0.0.1:443": false, "172.16.5.4:443": false, "192.168.1.1:443": false, "169.254.169.254:80": false,
		"100.64.0.1:443": false, "100.100.100.200:80": false, "0.0.0.0:443": false, "224.0.0.1:443": false, "255.255.255.255:443": false,
		"198.18.0.1:443": false, "192.0.2.1:443": false, "[::1]:443": false, "[::]:443": false, "[fe80::1]:443": false, "[fe80::1%eth0]:443": false,
		"[fd00:ec2::254]:80": false, "[::ffff:10.0.0.1]:443": false, "[::ffff:169.254.169.254]:80": false, "[64:ff9b::a00:1]:443": false,
		"[2002:7f00:1::]:443": false, "[ff02::1]:443": false, "[::127.0.0.1]:443": false, "nonsense": false, "localhost:443": false,
	} {
		if err := admit(address, nil); (err == nil) != public {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := admit("10.1.2.3:443", prefixes("10.1.0.0/16")); err != nil {
		t.Errorf("an allowed network: %v", err)
	}
	if err := admit("[::ffff:10.1.2.3]:443", prefixes("10.1.0.0/16")); err != nil {
		t.Errorf("an allowed network by another spelling: %v", err)
	}
}
