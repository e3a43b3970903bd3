import urllib2

print "fetching", urllib2.urlopen("http://example.com").read()
raise SystemExit, 1
