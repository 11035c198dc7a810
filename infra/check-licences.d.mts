// Types of check-licences.mjs, for its test.
export interface LockedPackage {
  name: string;
  version: string;
  licence?: string;
  development: boolean;
}
export interface LicenceRule {
  package: string;
  licence: string;
  reason: string;
}
export interface LicenceRules {
  accepted: string[];
  development: string[];
  exceptions: LicenceRule[];
  stated: LicenceRule[];
}
export function licenceRules(): LicenceRules;
export function lockedPackages(): LockedPackage[];
export function licenceProblems(packages: LockedPackage[], rules: LicenceRules): string[];
