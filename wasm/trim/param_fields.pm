# What OpenSSL's generator of parameters' decoders writes here, in the place of a tree: see parameters.list.
package OpenSSL::paramnames;
use strict;
use warnings;

# The body of a decoder: a row for each name, with the place of its field in the structure, and for a field that takes several the
# place of their number, which stands behind them. What has no field is an error.
sub output_param_fields {
    my ($decoder, $with_count, $fields, $several, $conditions) = @_;

    print "    static const struct param_field fields[] = {\n";
    foreach my $name (sort keys %$fields) {
        my $field = $fields->{$name};
        if ($field !~ /^[\w.]+$/) { # OpenSSL's $invalid_param
            print "        { $name, PARAM_UNSUPPORTED, 0 },\n";
            next;
        }
        output_ifdef($conditions->{$field});
        my $number = defined($several->{$field}) ? "offsetof(struct ${decoder}_st, num_$field)" : 0;
        print "        { $name, offsetof(struct ${decoder}_st, $field), $number },\n";
        output_endifdef($conditions->{$field});
    }
    print "        { NULL, 0, 0 }\n    };\n\n";
    printf "    return ossl_find_param_fields(p, fields, r, sizeof(*r), %s);\n", $with_count ? 'count' : 'NULL';
}

1;
