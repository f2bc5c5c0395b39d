import { connections, paginate } from '../../../functions/src/client/index.ts';
import { forUser } from './for-user.ts';

/** https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_invoice.htm */
interface Invoice {
  readonly Id: string;
  readonly DocumentNumber: string;
  readonly TotalAmountWithTax: number;
}

const soql =
  'SELECT Id, DocumentNumber, TotalAmountWithTax FROM Invoice ORDER BY InvoiceDate DESC LIMIT 200';

/**
 * The invoices of the user's org, at its own address (`instance_url`): SOQL, all pages. The provider's
 * data says how Salesforce pages, so `paginate` needs no options.
 */
export const salesforceInvoices = forUser(async (uid) => {
  const salesforce = await connections.client(uid, 'salesforce');
  const request = { url: '/services/data/v66.0/query', params: { q: soql } };
  const invoices = [];
  for await (const { Id, DocumentNumber, TotalAmountWithTax } of paginate<Invoice>(
    salesforce,
    request,
  )) {
    invoices.push({ id: Id, number: DocumentNumber, total: TotalAmountWithTax });
  }
  return invoices;
});
